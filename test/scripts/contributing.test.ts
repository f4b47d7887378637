import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const CONTRIBUTING = readFileSync(join(ROOT, "CONTRIBUTING.md"), "utf8");

/**
 * What a walk-through has one do: a new file, or lines to add to one, each after the line above it.
 */
interface Step {
  readonly path: string;
  readonly language: string;
  readonly text: string;
}

/**
 * The steps of a section: fenced blocks below a line that ends with the file's path and a colon.
 */
function stepsOf(heading: string): Step[] {
  const section = CONTRIBUTING.split(/^## /m).find((part) => part.startsWith(`${heading}\n`));
  if (!section) throw new Error(`CONTRIBUTING.md has no section "${heading}".`);
  const blocks = section.matchAll(/`([^`\n]+)`[^`\n]*:\n\n```(\w+)\n([\s\S]*?)^```$/gm);
  return Array.from(blocks, ([, path, language, text]) => ({ path: path!, language: language!, text: text! }));
}

/**
 * A file with a block's lines that begin with "+" added and those with "-" taken out, where its
 * other lines stand.
 */
function changed(file: string, block: string): string {
  const lines = file.split("\n");
  let at = -1;
  for (const line of block.trimEnd().split("\n")) {
    const text = line.slice(1);
    if (line.startsWith("+")) lines.splice(++at, 0, text);
    else {
      at = lines.indexOf(text, at + 1);
      if (at < 0) throw new Error(`There is no line "${text}".`);
      if (line.startsWith("-")) lines.splice(at--, 1);
    }
  }
  return lines.join("\n");
}

let copy: string;
beforeAll(() => {
  copy = mkdtempSync(join(tmpdir(), "ganatomy-contributing-"));
  for (const path of [
    "src",
    "test",
    "scripts",
    "weights/scenes64",
    "bench/package.json",
    "bench/package-lock.json",
    "package.json",
    "tsconfig.json",
    "vitest.config.ts",
  ])
    cpSync(join(ROOT, path), join(copy, path), { recursive: true });
  for (const path of ["node_modules", "bench/node_modules"]) symlinkSync(join(ROOT, path), join(copy, path));
});
afterAll(() => rmSync(copy, { recursive: true, force: true }));

function run(...command: string[]): void {
  const { status, stdout, stderr } = spawnSync(process.execPath, command, { cwd: copy, encoding: "utf8" });
  if (status !== 0) throw new Error(`${command.join(" ")} ended with ${status}:\n${stdout}\n${stderr}`);
}

const WALKS = ["Add an operation", "Add an architecture", "Add a command"];

describe("CONTRIBUTING.md, followed to the letter on a copy:", () => {
  const tests: string[] = [];
  test.each(WALKS)("%s", (heading) => {
    const steps = stepsOf(heading);
    for (const { path, language, text } of steps) {
      const target = join(copy, path);
      mkdirSync(dirname(target), { recursive: true });
      writeFileSync(target, language === "diff" ? changed(readFileSync(target, "utf8"), text) : text);
    }
    const own = steps.map(({ path }) => path).filter((path) => path.endsWith(".test.ts"));
    expect(own).not.toEqual([]);
    tests.push(...own);
  });

  test("what was added passes its tests, and keeps to the rules of the house", () => {
    expect(tests.length).toBeGreaterThanOrEqual(WALKS.length);
    run("node_modules/vitest/vitest.mjs", "run", ...tests, "test/architecture.test.ts");
  });

  test("what was added keeps to the types", () => {
    const include = WALKS.flatMap(stepsOf).map(({ path }) => path);
    const project = { extends: "./tsconfig.json", include: include.filter((path) => path.endsWith(".ts")) };
    writeFileSync(join(copy, "tsconfig.walks.json"), JSON.stringify(project));
    run("node_modules/typescript/bin/tsc", "--noEmit", "--project", "tsconfig.walks.json");
  });
});
