import { cp, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { built } from "../../built.ts";
import { EMBEDDED, run } from "../ganatomy.ts";

// Runs: src/cli/main.ts, src/cli/run.ts, src/report/write.ts

let home: string;
beforeAll(async () => {
  await built();
  home = await mkdtemp(join(tmpdir(), "ganatomy-labels-"));
});
afterAll(() => rm(home, { recursive: true, force: true }));

/** What a file's author may call things, so that it hurts whoever opens what comes of it. */
const NAMES = [
  "\u001b]0;title\u0007",
  "\u001b[2J\u009b31m",
  '=HYPERLINK("http://a.example","b")',
  "+1+cmd|' /C calc'!A0",
  "-2+3",
  "@SUM(1)",
  "\t=1",
  "line\r\nbreak,=1",
  "＝1",
  "a".repeat(300),
  "con",
  "nul.txt",
  "../../up",
  "</script><script>globalThis.harmed = 1</script>",
  "\u202egnp.exe",
  '"quoted"',
];

/** Names that Windows has for devices, and characters that names of files there never have. */
const DEVICE = /^(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|$)/i;
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const FORBIDDEN = /[<>:"|?*\\\u0000-\u001f\u007f-\u009f\u202e]|[. ]$/;
/** All but a tab and a line's end. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const CONTROLS = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202e]/;

test.each([
  ["some", NAMES.slice(0, 8)],
  ["others", NAMES.slice(8)],
])("%s labels of a hostile file harm neither terminals, spreadsheets, file systems nor pages", async (which, names) => {
  const models = join(home, `${which} models`);
  await cp(EMBEDDED, models, { recursive: true });
  const file = join(models, "labels.json");
  const labels = JSON.parse(await readFile(file, "utf8"));
  labels.object = labels.object.map((name: string, i: number) => (i === 0 ? name : (names[i - 1] ?? name)));
  await writeFile(file, JSON.stringify(labels));

  const outdir = join(home, which);
  const args = [
    "dissect",
    "--model",
    join(EMBEDDED, "generator.safetensors"),
    "--segmenter",
    models,
    "--layers",
    "layer4",
    "--outdir",
    outdir,
  ];
  const { status, stdout, stderr } = await run([...args, "--size", "8", "--examples", "2"]);
  expect([status, stderr]).toEqual([0, expect.stringContaining("report.html")]);
  expect(stdout + stderr).not.toMatch(CONTROLS);

  const files = await readdir(outdir, { recursive: true });
  for (const path of files) {
    for (const part of path.split("/")) {
      expect(part).not.toMatch(DEVICE);
      expect(part).not.toMatch(FORBIDDEN);
      expect(Buffer.byteLength(part)).toBeLessThanOrEqual(255);
    }
  }

  const csv = files.filter((path) => path.endsWith(".csv"));
  expect(csv.length).toBeGreaterThan(0);
  for (const path of csv) {
    for (const cell of cellsOf(await readFile(join(outdir, path), "utf8"))) {
      if (!Number.isFinite(Number(cell))) expect(cell).not.toMatch(/^[=+\-@\t\r\n＝＋－＠]/);
    }
  }

  // What a report says the labels are is what they are, in its JSON and in its page.
  const report = JSON.parse(await readFile(join(outdir, "report.json"), "utf8"));
  const reported = report.labels.map(({ name }: { name: string }) => name);
  expect(names.filter((name) => !reported.includes(name))).toEqual([]);
  const page = await readFile(join(outdir, "report.html"), "utf8");
  expect(page).not.toContain("<script>globalThis.harmed");
  expect(page.match(/<script/g)?.length).toBe(page.match(/<\/script>/g)?.length);
});

/** The cells of a CSV (RFC 4180), as a spreadsheet has them. */
function cellsOf(text: string): string[] {
  const cells: string[] = [];
  for (const [, quoted, plain] of text.matchAll(/(?:"((?:[^"]|"")*)"|([^",\r\n]*))(?:,|\n|$)/g)) {
    cells.push(quoted?.replaceAll('""', '"') ?? plain ?? "");
  }
  return cells;
}
