import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const CONTRIBUTING = readFileSync(join(ROOT, "CONTRIBUTING.md"), "utf8");

/** What a walk-through has one do: a new file, or lines to add to one, each after the line above it. */
interface Step {
  readonly path: string;
  readonly language: string;
  readonly text: string;
}

/** The steps of a section: fenced blocks below a line that ends with the file's path and a colon. */
function stepsOf(heading: string): Step[] {
  const section = CONTRIBUTING.split(/^## /m).find((part) => part.startsWith(`${heading}\n`));
  if (!section) throw new Error(`CONTRIBUTING.md has no section "${heading}".`);
  const blocks = section.matchAll(/`([^`\n]+)`[^`\n]*:\n\n```(\w+)\n([\s\S]*?)^```$/gm);
  return Array.from(blocks, ([, path, language, text]) => ({ path: path!, language: language!, text: text! }));
}

/** Adds the lines of a block that begin with "+", each behind the line that stands above it there and in the file. */
function added(file: string, block: string): string {
  const lines = file.split("\n");
  let at = -1;
  for (const line of block.trimEnd().split("\n")) {
    if (line.startsWith("+")) lines.splice(++at, 0, line.slice(1));
    else {
      at = lines.indexOf(line.slice(1), at + 1);
      if (at < 0) throw new Error(`There is no line "${line.slice(1)}".`);
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
    "package.json",
    "tsconfig.json",
    "vitest.config.ts",
  ])
    cpSync(join(ROOT, path), join(copy, path), { recursive: true });
  symlinkSync(join(ROOT, "node_modules"), join(copy, "node_modules"));
});
afterAll(() => rmSync(copy, { recursive: true, force: true }));

const run = (...command: string[]): string =>
  execFileSync(process.execPath, command, { cwd: copy, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });

const WALKS = ["Add an operation", "Add an architecture", "Add a command"];

describe("CONTRIBUTING.md, followed to the letter on a copy:", () => {
  test.each(WALKS)("%s", (heading) => {
    const steps = stepsOf(heading);
    for (const { path, language, text } of steps) {
      const target = join(copy, path);
      mkdirSync(dirname(target), { recursive: true });
      writeFileSync(target, language === "diff" ? added(readFileSync(target, "utf8"), text) : text);
    }
    const tests = steps.map(({ path }) => path).filter((path) => path.endsWith(".test.ts"));
    expect(tests).not.toEqual([]);
    run("node_modules/vitest/vitest.mjs", "run", ...tests);
  });

  test("what was added keeps to the types and to the rules of the house", () => {
    run("node_modules/typescript/bin/tsc", "--noEmit", "--project", "tsconfig.json");
    run("node_modules/vitest/vitest.mjs", "run", "test/architecture.test.ts");
  });
});
