import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { kill } from "../../scripts/kills.mjs";

// Programs in the command line's place: one that goes on where it was killed, and some that do not.

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "kills-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const WRITER = `
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
const outdir = process.argv.at(-1);
mkdirSync(outdir, { recursive: true });
const [kept, out] = [outdir + "/kept.state", outdir + "/out.json"];
let { at, sum } = existsSync(kept) ? JSON.parse(readFileSync(kept, "utf8")) : { at: 0, sum: 0 };
for (; at < 20; ) {
  await new Promise((resolve) => setTimeout(resolve, 10));
  sum += at;
  at += 1;
  writeFileSync(kept + ".new", JSON.stringify({ at, sum }));
  renameSync(kept + ".new", kept);
}
rmSync(kept, { force: true });
writeFileSync(out, JSON.stringify({ created: new Date().toISOString(), sum }));
`;

const said: string[] = [];
function killing(program: string) {
  const path = join(folder, `${said.length}.mjs`);
  writeFileSync(path, program);
  const options = { kills: 6, seed: 3, given: [], commands: { write: ["write"] }, cli: [process.execPath, path] };
  return kill({ ...options, say: (line: string) => said.push(line) });
}

test("a program that goes on has no faults, however often it is killed", async () => {
  const { kills, faults } = await killing(WRITER);
  expect(faults).toEqual([]);
  expect(kills).toBe(6);
  expect(said.at(-1)).toMatch(/^write: killed \d times, [\d.]+ times as long as one run; 0 faults$/);
});

test("other numbers after a kill, and what is left of one, are faults", async () => {
  const wrong = await killing(
    WRITER.replace(
      "for (;",
      `const seen = kept + ".seen";
if (existsSync(seen)) sum += 1;
writeFileSync(seen, "");
for (;`,
    ),
  );
  expect(wrong.faults).toContain("write: out.json differs");
  const left = await killing(
    WRITER.replace("rmSync(kept, { force: true });", "writeFileSync(outdir + '/' + process.pid, '');"),
  );
  expect(left.faults).toEqual(expect.arrayContaining([expect.stringMatching(/^write: \d+ was left$/)]));
});

test("a run that fails is an error, not a kill", async () => {
  await expect(killing("process.exit(5);")).rejects.toThrow("write ended with 5");
});
