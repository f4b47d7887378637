import { readdirSync, readFileSync } from "node:fs";
import { copyFile, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { legendText } from "../../src/cli/legend.ts";
import { Progress } from "../../src/cli/progress.ts";
import { type Summary, toSummary } from "../../src/cli/summary.ts";
import { summaryTable } from "../../src/cli/table.ts";
import { inLine, print } from "../../src/cli/terminal.ts";
import { writeSafetensors } from "../../src/index.ts";
import { printable } from "../../src/names.ts";
import { built } from "../built.ts";
import { fixture } from "../report/fixture.ts";
import { GOLDEN, run } from "./ganatomy.ts";

/** Sets a window's title, clears the screen, C1's CSI, a bell, a turned direction. */
const HOSTILE = "a\x1b]0;owned\x07b\x1b[2J\u009b2Jc\u202etxt\u2066\x7f\rd";
const SHOWN = String.raw`a\u001b]0;owned\u0007b\u001b[2J\u009b2Jc\u202etxt\u2066\u007f\u000dd`;
// biome-ignore lint/suspicious/noControlCharactersInRegex: they must not be there
const CONTROLS = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/;

let folder: string;
beforeAll(async () => {
  await built();
  folder = await mkdtemp(join(tmpdir(), "ganatomy-terminal-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

test("controls are written as JSON does, and JSON stays what it was", () => {
  expect(printable(HOSTILE)).toBe(SHOWN);
  expect(printable("Straße\t窓\r\n‏שלום 🏠\n")).toBe("Straße\t窓\n‏שלום 🏠\n");
  expect(inLine("a\tb\nc\r")).toBe(String.raw`a\u0009b\u000ac\u000d`);
  const json = { [HOSTILE]: [HOSTILE] };
  const printed = printable(JSON.stringify(json, null, 2));
  expect(printed).not.toMatch(CONTROLS);
  expect(JSON.parse(printed)).toEqual(json);
});

test("all that the command line prints goes through one place", () => {
  const paths = readdirSync("src/cli", { recursive: true, encoding: "utf8" }).filter((path) => path.endsWith(".ts"));
  const printing = paths.filter((path) =>
    /process\.std(out|err)\.write|console\.\w+\(/.test(readFileSync(join("src/cli", path), "utf8")),
  );
  expect(printing).toEqual(["terminal.ts"]);
});

test("tables, legends, bars and notes hold none of a label's or a file's", () => {
  const { dissection } = fixture();
  const labels = dissection.labels.map(() => ({ name: `${HOSTILE}\nerror: `, category: HOSTILE }));
  const layers = dissection.layers.map((layer) => ({ ...layer, layer: HOSTILE }));
  const written: string[] = [];
  const spy = vi.spyOn(process.stdout, "write").mockImplementation((text) => written.push(String(text)) > 0);
  const summary: Summary = toSummary({ ...dissection, labels, categories: [HOSTILE], layers }, true);
  print(summaryTable(summary));
  print(`${legendText({ photo: HOSTILE, labels: [{ name: HOSTILE, area: 1 }] } as never)}\n`);
  spy.mockRestore();
  const screen = { isTTY: false, write: (text: string) => written.push(text) };
  const progress = new Progress(screen);
  progress.download({ name: HOSTILE, loaded: 1, total: 2 });
  progress.note(HOSTILE);
  progress.end();
  const all = written.join("");
  expect(all).not.toMatch(CONTROLS);
  expect(all).not.toMatch(/^error: /m);
  expect(all.split(SHOWN).length).toBeGreaterThan(6);

  const bar: string[] = [];
  const terminal = new Progress({ isTTY: true, columns: 200, write: (text: string) => bar.push(text) }, () => 0);
  terminal.download({ name: HOSTILE, loaded: 1, total: 2 });
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the bar's own
  expect(bar.map((text) => text.replace(/^\r|\x1b\[K$/g, "")).join("")).not.toMatch(CONTROLS);
});

test("nor do info of a file of such a name, of one with such a key, and errors that name them", async () => {
  const named = join(folder, `${HOSTILE}.pth`);
  await copyFile(join(GOLDEN, "progan-tiny.zip.pth"), named);
  const keyed = join(folder, "keyed.safetensors");
  const data = Float32Array.of(1);
  await writeFile(keyed, writeSafetensors({ [HOSTILE]: { dtype: "float32", shape: [1], data } }));
  const told = await run(["info", named]);
  const json = await run(["info", named, "--json"]);
  const key = await run(["info", keyed]);
  const missing = await run(["info", join(folder, `${HOSTILE}none`)]);
  const option = await run(["info", named, `--${HOSTILE}`]);
  expect([told, json, key, missing, option].map(({ status }) => status)).toEqual([0, 0, 4, 4, 2]);
  for (const { stdout, stderr } of [told, json, key, missing, option]) {
    expect(`${stdout}${stderr}`).not.toMatch(CONTROLS);
  }
  expect(JSON.parse(json.stdout)).toHaveLength(1);
  expect(missing.stderr).toContain(SHOWN);
});
