import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { built } from "../../built.ts";
import { interruptAt, run } from "../ganatomy.ts";

let home: string;
beforeAll(async () => {
  await built();
  home = await mkdtemp(join(tmpdir(), "ganatomy-killed-"));
});
afterAll(() => rm(home, { recursive: true, force: true }));

/**
 * All files of a report but its page, which says when it was made and how long it took; so does
 * report.json, and is compared without.
 */
async function contents(outdir: string): Promise<Record<string, string>> {
  const folder = join(home, outdir);
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const names = entries
    .filter((entry) => entry.isFile() && entry.name !== "report.html")
    .map(({ parentPath, name }) => join(parentPath, name));
  const all: Record<string, string> = {};
  for (const name of names.sort()) {
    const bytes = await readFile(name);
    const text = /\.(?:json|html)$/.test(name)
      ? bytes
          .toString("utf8")
          .replace(/"created":\s*"[^"]*"|\d{4}-\d\d-\d\d[T ][\d:.]+Z?/g, "")
          .replace(/"seconds":\s*[\d.]+/g, "")
          .replaceAll(outdir, "OUT")
      : bytes.toString("base64");
    all[name.slice(folder.length + 1)] = text;
  }
  return all;
}

test("a dissection that is killed again and again is one that was not, and leaves nothing else", async () => {
  const dissect = (outdir: string): readonly string[] => [
    ...["dissect", "--size", "32", "--layers", "layer2", "--batch", "8", "--examples", "2", "--outdir", outdir],
  ];
  expect((await run(dissect("whole"), { cwd: home })).status).toBe(0);
  for (const [index, phase] of [/activations: /, /quantiles: /, /levels: /, /scores: /, /draw strips: /].entries()) {
    const signal = index % 2 === 0 ? "SIGKILL" : "SIGHUP";
    const { status } = await interruptAt(phase, dissect("killed"), { cwd: home, signal });
    expect(status).toBe(signal === "SIGHUP" ? 130 : null);
  }
  const last = await run(dissect("killed"), { cwd: home });
  expect([last.status, last.stderr]).toEqual([0, expect.not.stringContaining("damaged")]);
  const [killed, whole] = [await contents("killed"), await contents("whole")];
  expect(Object.keys(killed)).toEqual(Object.keys(whole));
  for (const name of Object.keys(whole)) expect(killed[name] === whole[name], name).toBe(true);
});
