import { execFile } from "node:child_process";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { decode } from "fast-png";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { built } from "../built.ts";
import { deno } from "../deno.ts";

// Runs: src/cli/main.ts

// A whole dissection of the command line in every runtime that it is for, beside this Node's.

const CLI = fileURLToPath(new URL("../../dist/cli.js", import.meta.url));
const ARGS = ["dissect", "--size", "4", "--layers", "layer4", "--examples", "1", "--quiet"];
const node = (major: number): string =>
  fileURLToPath(new URL(`../../bench/node_modules/node-${major}/bin/node`, import.meta.url));
const RUNTIMES: readonly (readonly [name: string, command: () => readonly string[]])[] = [
  ["Node 22", () => [node(22)]],
  ["Node 24", () => [node(24)]],
  ["Deno", () => [deno(), "run", "--allow-all", "--no-config"]],
];

let folder: string;
const at = (...names: string[]) => join(folder, ...names);

async function dissect(command: readonly string[], outdir: string): Promise<ReadonlyMap<string, Buffer>> {
  const [program, ...before] = command;
  const env = { ...process.env, DENO_NO_UPDATE_CHECK: "1" };
  await promisify(execFile)(program!, [...before, CLI, ...ARGS, "--outdir", at(outdir)], { env, maxBuffer: 2 ** 24 });
  const files = await readdir(at(outdir), { recursive: true, withFileTypes: true });
  const names = files
    .filter((file) => file.isFile())
    .map((file) => relative(at(outdir), join(file.parentPath, file.name)));
  return new Map(
    await Promise.all(names.sort().map(async (name) => [name, await readFile(at(outdir, name))] as const)),
  );
}

let ours: ReadonlyMap<string, Buffer>;
beforeAll(async () => {
  await built();
  folder = await mkdtemp(join(tmpdir(), "runtimes-"));
  ours = await dissect([process.execPath], "ours");
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Every number of a text in single precision, which is more than is ever looked at. */
const single = (text: Buffer | string | undefined): string =>
  String(text).replaceAll(/-?\d+\.\d+(?:e-?\d+)?/g, (number) => String(Math.fround(Number(number))));

/** A report but for when it was made, how long that took and by which words. */
const timeless = (text: Buffer | undefined): string =>
  String(text)
    .replaceAll(/"(?:created|command)":\s*"[^"]*"|"seconds":\s*[\d.]+/g, "")
    .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z|<dt>Time<\/dt><dd>[^<]*/g, "");

/** That, in single precision, of whatever adapter. */
const unnamed = (text: Buffer | undefined): string => single(timeless(text).replace(/"adapter": \{[^}]*\}/, ""));

/** The pixels of a PNG: runtimes' zlibs pack them differently. */
const pixelsOf = (png: Buffer | undefined) => Buffer.from(decode(png!).data as Uint8Array);

describe.each(RUNTIMES)("in %s", (name, command) => {
  test("the command line dissects, to the same files", async () => {
    const theirs = await dissect(command(), name.replace(" ", "-"));
    expect([...theirs.keys()]).toEqual([...ours.keys()]);
    const exact = name.startsWith("Node");
    for (const [path, file] of ours) {
      const other = theirs.get(path)!;
      if (path.endsWith(".png")) expect(pixelsOf(other).equals(pixelsOf(file)), path).toBe(true);
      // Says when and how long, and where it went.
      else if (path === ".ganatomy") expect(other.length).toBeGreaterThan(100);
      else if (exact && /^report\./.test(path)) expect(timeless(other), path).toBe(timeless(file));
      // Deno's WebGPU is wgpu, which calls the adapter otherwise.
      else if (path === "report.json") expect(unnamed(other)).toBe(unnamed(file));
      // What is packed in the page is packed otherwise, too.
      else if (path === "report.html") expect(other.length).toBeGreaterThan(0.9 * file.length);
      // Logarithms of V8 15, which Deno has, differ in the last bits of doubles
      // (docs/differences.md).
      else if (!exact && /\.(csv|json)$/.test(path)) expect(single(other), path).toBe(single(file));
      else expect(other.equals(file), path).toBe(true);
    }
  });
});
