import { execFileSync } from "node:child_process";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Command } from "commander";
import { encode } from "fast-png";
import { afterAll, beforeAll, expect, test } from "vitest";
import { exitStatus } from "../../src/cli/exit.ts";
import { checkPath, PATHS, wordsOf } from "../../src/cli/paths.ts";
import { commandLine } from "../../src/cli/program.ts";
import type { GanatomyError } from "../../src/errors.ts";
import { runHere } from "./in-process.ts";

let home: string;
const at = (name: string): string => join(home, name);
const drivers = process.env["VK_DRIVER_FILES"];
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), "ganatomy-paths-"));
  const photo = encode({ width: 8, height: 8, channels: 3, depth: 8, data: new Uint8Array(192).fill(90) });
  for (const folder of ["folder", "full", "full/deeper"]) await mkdir(at(folder));
  for (const name of ["a", "b", "c", "d"]) await writeFile(at(`full/${name}.png`), photo);
  for (const name of ["file.txt", "full/plan.json", "full/dissect.json"]) await writeFile(at(name), "{}");
  await writeFile(at("empty.json"), "");
  execFileSync("mkfifo", [at("pipe.json")]);
  // No adapter: what is said of a path is said before one is looked for.
  process.env["VK_DRIVER_FILES"] = at("missing.json");
});
afterAll(async () => {
  if (drivers === undefined) delete process.env["VK_DRIVER_FILES"];
  else process.env["VK_DRIVER_FILES"] = drivers;
  await rm(home, { recursive: true, force: true });
});

/** Words of values that are no paths which are read. A new one belongs here, or into `PATHS`. */
const OTHERS = new Set(
  [
    ["address", "alpha", "bounds", "c", "fraction", "hex", "how", "k", "l", "limit", "list", "m", "MiB", "n", "name"],
    ["names", "number", "numbers", "origins", "outdir", "preset", "psi", "px", "q", "secret", "seed", "shell", "t"],
    ["where", "whose"],
  ].flat(),
);
/** What is to be given beside, so that nothing else is wrong. */
const BESIDE: Readonly<Record<string, readonly string[]>> = {
  ablate: ["--concept", "tree"],
  insert: ["--concept", "tree"],
  actmax: ["--units", "3"],
  occlude: ["--concept", "tree"],
};
/** A value of each word that is right. */
const right = (words: readonly string[]): string => {
  if (words.some((word) => ["url", "checkpoint", "network", "a", "b"].includes(word))) return "scenes64";
  const of: Readonly<Record<string, string>> = { k: "1", n: "2", name: "tree", outdir: "out", stops: "1" };
  if (words[0]! in of) return of[words[0]!]!;
  return PATHS[words[0]!]?.folder ? at("full") : at("full/a.png");
};

interface Given {
  readonly command: Command;
  readonly flag: string | undefined;
  readonly words: readonly string[];
}

/** All options and arguments of all commands that take a value. */
const all: readonly Given[] = commandLine("1.0.0", () => {}).commands.flatMap((command): Given[] => [
  ...command.options.map(({ long, flags }) => ({ command, flag: long!, words: wordsOf(flags) })),
  ...command.registeredArguments.map((argument) => ({
    ...{ command, flag: undefined },
    words: wordsOf(`<${argument.name()}>`),
  })),
]);
const read = all.filter(
  ({ flag, words }) => flag !== "--outdir" && words.some((word) => word in PATHS) && words[0] !== "shell",
);

test("every word that stands for a value is known to be a path or none", () => {
  const words = new Set(all.flatMap((given) => given.words));
  expect([...words].filter((word) => !(word in PATHS) && !OTHERS.has(word))).toEqual([]);
  expect(Object.keys(PATHS).filter((word) => !words.has(word))).toEqual([]);
  expect(read.length).toBeGreaterThan(80);
});

/** The command with this value, and what else it needs. */
function lineOf({ command, flag, words }: Given, value: string): string[] {
  const own = words.includes("@file") ? `@${value}` : value;
  const beside = (BESIDE[command.name()] ?? []).filter((_, i, list) => list[i - (i % 2)] !== flag);
  const options = command.options
    .filter((option) => option.mandatory && option.long !== flag)
    .flatMap((option) => [option.long!, right(wordsOf(option.flags))]);
  let isFirst = true;
  const args = command.registeredArguments.flatMap((argument) => {
    const its = wordsOf(`<${argument.name()}>`);
    if (flag === undefined && its[0] === words[0] && isFirst) {
      isFirst = false;
      return [own];
    }
    return argument.required ? [right(its)] : [];
  });
  return [command.name(), ...(flag === undefined ? [] : [flag, own]), ...options, ...beside, "--", ...args];
}

const named = ({ command, flag, words }: Given): string => `${command.name()} ${flag ?? ""} <${words.join("|")}>`;
test.each(read.map((given) => [named(given), given] as const))(
  "%s: what is no such file or folder is exit 4, and said at once",
  async (_, given) => {
    const wanted = Object.assign({}, ...given.words.map((word) => PATHS[word]));
    const faults = [
      ["missing.json", /is not there|neither a folder/],
      ["pipe.json", /is no regular file|is no folder|neither a folder/],
      ...(wanted.folder && !wanted.holds ? [] : [["folder", /is a folder|holds no/] as const]),
      ...(wanted.file ? [] : [["file.txt", /is no folder|neither a folder/] as const]),
      ...(wanted.file && !wanted.empty ? [["empty.json", /is empty/] as const] : []),
    ] as const;
    for (const [name, said] of faults) {
      const error: unknown = await runHere(...lineOf(given, at(name))).catch((reason) => reason);
      expect([name, (error as Error).message, exitStatus(error)]).toEqual([name, expect.stringMatching(said), 4]);
      expect((error as Error).message).toContain(at(name));
    }
  },
);

test("a file where a report's folder is wanted names the folder, unless it is the report itself", () => {
  const refused = (path: string) => {
    try {
      checkPath(path, PATHS["reports"]!);
      return "";
    } catch (error) {
      return (error as GanatomyError).fix;
    }
  };
  expect(refused(at("file.txt"))).toBe("Give the folder of a report.");
  expect(refused(at("full/a.png"))).toBe(`Give its folder, "${at("full")}".`);
  expect(refused(at("full/dissect.json"))).toBe("");
});

test("what cannot be looked at is told with its cause", async () => {
  await symlink(at("loop"), at("loop"));
  const words = `"${at("loop")}" cannot be read (ELOOP). Check the path and its permissions.`;
  expect(() => checkPath(at("loop"), { file: true })).toThrow(words);
});

test("addresses, seeds and what comes along are no paths", async () => {
  for (const line of [
    ["walk", "7", "8"],
    ["info", "mosaic-ade20k32"],
    ["generate", "--network", "dcgan"],
  ]) {
    await expect(runHere(...line)).rejects.toMatchObject({ code: "no-adapter" });
  }
});
