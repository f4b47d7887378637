// Would a test notice? Changes a module in one place after the other and runs its tests each time:
//
//   npm run mutants -- src/dissect/levels.ts src/dissect/scores.ts
//   npm run mutants -- src/runtime/tune.ts --lines 40-90 --sample 30
//   npm run mutants -- src/cli/exit.ts --tests test/cli/exit.test.ts --build
//
// Survivors are printed with their line and the change, then `killed/all` of the module; the exit
// code is 1 where less than 90 % were killed. What cannot be killed because it changes nothing is
// explained in test/mutants.md.
//
//   --lines A-B   only changes in these lines
//   --sample N    N of the changes, spread evenly, for modules whose tests take long, less those
//                 that the types refuse
//   --tests A,B   instead of the tests that scripts/tests-of.mjs finds
//   --build       build dist/ before each run, for tests that start the command line
//
// The module's file is changed in place and always restored. A run over its time limit counts as
// killed, and is counted apart: on a busy machine it may only have waited. Changes that the types
// refuse are not made; nor are changes in the messages of errors.
import { fork, spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import ts from "typescript";
import { changesIn } from "./mutations.mjs";
import { testsOf } from "./tests-of.mjs";

const ROOT = fileURLToPath(new URL("../", import.meta.url));
const SELF = fileURLToPath(import.meta.url);
const ENOUGH = 0.9;
/** Milliseconds in which a process that runs tests is there, also on a busy machine. */
const STARTING = 20_000;

/** `(text) => boolean`: whether the types allow this text of the module. */
function typeChecker(path) {
  const { config } = ts.readConfigFile(`${ROOT}tsconfig.json`, ts.sys.readFile);
  const { options } = ts.parseJsonConfigFileContent({ ...config, include: [], files: [path] }, ts.sys, ROOT);
  let [version, text] = [0, readFileSync(path, "utf8")];
  const service = ts.createLanguageService({
    fileExists: ts.sys.fileExists,
    readFile: ts.sys.readFile,
    getCompilationSettings: () => options,
    getScriptFileNames: () => [path],
    getScriptVersion: (name) => (name === path ? `${version}` : "0"),
    getScriptSnapshot: (name) => {
      const content = name === path ? text : ts.sys.readFile(name);
      return content === undefined ? undefined : ts.ScriptSnapshot.fromString(content);
    },
    getCurrentDirectory: () => ROOT,
    getDefaultLibFileName: ts.getDefaultLibFilePath,
  });
  return (next) => {
    [version, text] = [version + 1, next];
    return service.getSyntacticDiagnostics(path).length + service.getSemanticDiagnostics(path).length === 0;
  };
}

/**
 * The other role of this script, in a process of its own that can be killed with its workers: runs
 * tests when told.
 */
async function serveRuns() {
  const { createVitest } = await import("vitest/node");
  // isolated: nothing that is loaded stays for the next change
  const vitest = await createVitest("test", { watch: false, run: true, isolate: true, reporters: [{}], bail: 1 });
  process.on("message", async ({ path, tests }) => {
    vitest.invalidateFile(path);
    const specifications = (await vitest.globTestSpecifications(tests)).filter(({ moduleId }) =>
      tests.some((test) => moduleId.endsWith(`/${test}`)),
    );
    const { testModules, unhandledErrors } = await vitest.runTestSpecifications(specifications, false);
    const failed = testModules.some((module) => module.state() === "failed") || unhandledErrors.length > 0;
    process.send?.(failed || testModules.length === 0 ? "failed" : "passed");
  });
}

let runner;
const stopRunner = () => {
  if (runner?.exitCode === null) process.kill(-runner.pid, "SIGKILL");
  runner = undefined;
};

/** "passed", "failed", or what happened instead, later than `limit` and the start of a process. */
function runTests(path, tests, limit) {
  const most = runner ? limit : limit + STARTING;
  runner ??= fork(SELF, { cwd: ROOT, detached: true, stdio: "ignore" });
  return new Promise((resolve) => {
    const end = (result) => {
      clearTimeout(timer);
      runner?.removeAllListeners();
      if (result !== "passed" && result !== "failed") stopRunner();
      resolve(result);
    };
    const timer = setTimeout(end, most, "timeout");
    runner.once("message", end).once("exit", () => end("crashed"));
    runner.send({ path, tests });
  });
}

async function tryModule(name, options) {
  const path = fileURLToPath(new URL(name, `file://${ROOT}`));
  const original = readFileSync(path, "utf8");
  const tests = options.tests?.split(",") ?? testsOf(name.replace(/^src\//, ""), original).found;
  if (tests.length === 0) throw new Error(`${name} says nothing of its tests; name them with --tests.`);
  const build = () => options.build && spawnSync("node", ["scripts/build.mjs", "--quick"], { cwd: ROOT });
  const restore = () => writeFileSync(path, original);
  const began = performance.now();
  build();
  let limit = 600_000;
  // twice: the second run loads nothing anew, as those of changes
  for (const _ of [1, 2]) {
    const from = performance.now();
    if ((await runTests(path, tests, 600_000)) !== "passed") throw new Error(`${tests.join(", ")}: fails unchanged`);
    limit = 10_000 + 4 * (performance.now() - from);
  }

  const file = ts.createSourceFile(path, original, ts.ScriptTarget.ES2022, true);
  const lineOf = (start) => file.getLineAndCharacterOfPosition(start).line + 1;
  const [first, last] = options.lines?.split("-").map(Number) ?? [1, Number.POSITIVE_INFINITY];
  const changed = ([start, end, text]) => original.slice(0, start) + text + original.slice(end);
  const allowed = typeChecker(path);
  const all = changesIn(file).filter((change) => first <= lineOf(change[0]) && lineOf(change[0]) <= last);
  const share = Math.min(1, Number(options.sample ?? all.length) / all.length);
  const tried = all
    .filter((_, index) => Math.floor((index + 1) * share) > Math.floor(index * share))
    .filter((change) => allowed(changed(change)));
  let [killed, late] = [0, 0];
  process.on("exit", restore);
  for (const change of tried) {
    writeFileSync(path, changed(change));
    build();
    const result = await runTests(path, tests, limit);
    if (result === "timeout") late += 1;
    if (result !== "passed") killed += 1;
    else {
      const [start, end, text] = change;
      const [line, column] = [lineOf(start), start - original.lastIndexOf("\n", start - 1)];
      const source = original.split("\n")[line - 1].trim();
      console.log(`${name}:${line}:${column}: ${original.slice(start, end)} → ${text}    in: ${source}`);
    }
  }
  restore();
  process.off("exit", restore);
  build();
  if ((await runTests(path, tests, limit)) !== "passed") throw new Error(`${tests.join(", ")}: fails once restored`);
  const part = tried.length === 0 ? 1 : killed / tried.length;
  const seconds = Math.round((performance.now() - began) / 1000);
  const byTime = late === 0 ? "" : `, ${late} by the time limit`;
  console.log(`${name}: ${killed}/${tried.length} killed (${Math.round(100 * part)} %${byTime}), ${seconds} s`);
  return part;
}

if (process.send) await serveRuns();
else {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      lines: { type: "string" },
      sample: { type: "string" },
      tests: { type: "string" },
      build: { type: "boolean" },
    },
  });
  process.on("exit", stopRunner);
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => process.exit(130));
  for (const name of positionals) if ((await tryModule(name, values)) < ENOUGH) process.exitCode = 1;
  stopRunner();
}
