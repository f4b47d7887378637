import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { EXIT, EXIT_HELP, exitStatus } from "../../src/cli/exit.ts";
import { type ErrorCode, GanatomyError, KernelError, OutputError, ShapeError, UsageError } from "../../src/errors.ts";

// As scripts know them: numbers, and every code that there is.
const EXPECTED = {
  usage: 2,
  "insecure-context": 3,
  "no-webgpu": 3,
  "no-adapter": 3,
  limit: 3,
  "device-lost": 3,
  "out-of-memory": 3,
  "host-memory": 3,
  "weights-format": 4,
  "weights-unsafe": 4,
  "weights-shape": 4,
  "weights-values": 4,
  "weights-integrity": 4,
  file: 4,
  network: 4,
  "not-found": 4,
  labels: 4,
  photo: 4,
  output: 5,
  kernel: 1,
  shape: 1,
} satisfies Record<ErrorCode, number>;

test.each(Object.entries(EXPECTED) as [ErrorCode, number][])("an error of code %s exits %i", (code, status) => {
  expect(exitStatus(new GanatomyError(code, "", ""))).toBe(status);
});

test.each([
  [new UsageError("", ""), 2],
  [new OutputError("", ""), 5],
  [new KernelError(""), 1],
  [new ShapeError("", ""), 1],
  [new TypeError("x is undefined"), 1],
  ["thrown as a string", 1],
  [undefined, 1],
])("exit status of %o", (error, status) => expect(exitStatus(error)).toBe(status));

test("what every status stands for is in the help", () => {
  expect(EXIT).toEqual({ ok: 0, unexpected: 1, usage: 2, noWebGpu: 3, files: 4, output: 5, aborted: 130 });
  const listed = [...EXIT_HELP.matchAll(/^ {2}(\d+) +(\S+)/gm)].map(([, status, word]) => [Number(status), word]);
  expect(listed).toEqual([
    [0, "done"],
    [1, "something"],
    [2, "wrong"],
    [3, "no"],
    [4, "files"],
    [5, "output:"],
    [130, "interrupted;"],
  ]);
  const guide = readFileSync(new URL("../../docs/command-line.md", import.meta.url), "utf8");
  const rows = [...EXIT_HELP.replace(/\n {7}/g, " ").matchAll(/^ {2}(\d+) +(.+)$/gm)].map((row) => row.slice(1));
  expect([...guide.matchAll(/^\| (\d+) \| (.+) \|$/gm)].map((row) => row.slice(1))).toEqual(rows);
  expect(EXIT_HELP).toMatch(/ 3 .*out of memory or the device was lost; or the machine's memory ran out$/m);
});
