import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { reportsIn } from "../../../src/cli/serve/reports.ts";

let home: string;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), "ganatomy-reports-"));
});
afterEach(() => rm(home, { recursive: true, force: true }));

async function write(path: string, content: unknown): Promise<void> {
  await mkdir(dirname(join(home, path)), { recursive: true });
  await writeFile(join(home, path), typeof content === "string" ? content : JSON.stringify(content));
}
const dissect = (settings: object = {}) => ({ layers: [{ layer: "layer4", units: [], rankings: [] }], settings });
const report = (source: string) => ({
  provenance: {
    weights: [
      { role: "segmenter", source: "s" },
      { role: "generator", source },
    ],
  },
});
const found = async (folder = home) => (await reportsIn(folder)).map(({ name, model }) => [name, model]);

test("a report's folder, or those within, two folders deep, and none within a report", async () => {
  await write("b/dissect.json", dissect());
  await write("b/layer4/dissect.json", dissect());
  await write("all/my church!/dissect.json", dissect());
  await write("all/deep/er/dissect.json", dissect());
  expect(await found()).toEqual([
    ["my-church-", undefined],
    ["b", undefined],
  ]);
  expect(await found(join(home, "b"))).toEqual([["b", undefined]]);
});

test("our report names the model: the embedded one, or a file here or beside it", async () => {
  await write("runs/a/dissect.json", dissect({ model: "a" }));
  for (const [source, file] of [
    ["scenes64", undefined],
    ["models/g.pth", "models/g.pth"],
    ["models/g.pth", "runs/models/g.pth"],
    [join(home, "h.pth"), "h.pth"],
  ] as const) {
    await write("runs/a/report.json", report(source));
    if (file !== undefined) await write(file, "weights");
    expect(await found(join(home, "runs/a"))).toEqual([["a", file === undefined ? source : join(home, file)]]);
    if (file !== undefined) await rm(join(home, file));
  }
});

test("gandissect's settings name it: a file, or one in an expression, which is only text", async () => {
  await write("m/p.pth", "weights");
  await write("m/a/dissect.json", dissect({ pthfile: "p.pth", model: "f()" }));
  expect(await found()).toEqual([["a", join(home, "m/p.pth")]]);
  await write("m/a/dissect.json", dissect({ pthfile: null, model: "proggan.from_pth_file('p.pth')" }));
  expect(await found()).toEqual([["a", join(home, "m/p.pth")]]);
});

test("nothing is fetched because a report says so, and what is not there is not named", async () => {
  await write("a/dissect.json", dissect({ pthfile: "none.pth" }));
  expect(await found()).toEqual([["a", undefined]]);
  await write("a/report.json", report("https://evil.example/g.pth"));
  expect(await found()).toEqual([["a", undefined]]);
  await write("a/report.json", "{");
  expect(await found()).toEqual([["a", undefined]]);
});

test("no report, a damaged one, two of one name", async () => {
  await expect(reportsIn(home)).rejects.toMatchObject({
    code: "not-found",
    message: expect.stringMatching(/no dissect.json/),
  });
  await expect(reportsIn(join(home, "none"))).rejects.toMatchObject({ code: "not-found" });
  await write("a/x/dissect.json", dissect());
  await write("b/x/dissect.json", dissect());
  await expect(reportsIn(home)).rejects.toThrow(/called "x"/);
  await write("a/x/dissect.json", "[]");
  await expect(reportsIn(home)).rejects.toThrow(/is no dissect.json/);
});
