import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { encode } from "fast-png";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  type ClassifierFlags,
  checkFlags,
  dissectClassifier,
  openClassifier,
} from "../../../src/cli/classifier/dissect.ts";
import { lastMap } from "../../../src/cli/classifier/network.ts";
import type { Place } from "../../../src/cli/dissecting.ts";
import type { DissectOptions } from "../../../src/cli/job.ts";
import type { Running } from "../../../src/cli/with-folder.ts";
import { UsageError } from "../../../src/index.ts";
import { nodeEncoder } from "../../../src/node/photo/encoder.ts";
import { memoryFolder } from "../../../src/report/index.ts";
import { requestDevice } from "../../gpu.ts";
import { interruptAt, run, start } from "../ganatomy.ts";
import { EDGE, photographs, writeClassifier } from "./tiny.ts";

const COUNT = 6;
let home: string;
const at = (...path: string[]): string => join(home, ...path);

/** A folder of photographs and what lies among them, masks of all but one, and a classifier. */
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), "ganatomy-classifier-"));
  await mkdir(at("photos/more"), { recursive: true });
  await mkdir(at("masks/more"), { recursive: true });
  for (const [i, photograph] of photographs(COUNT).entries()) {
    const name = `${i < 4 ? "" : "more/"}photo_${i}.png`;
    const size = { width: EDGE, height: EDGE, depth: 8 } as const;
    await writeFile(at("photos", name), photograph);
    const grey = Uint8Array.from({ length: EDGE ** 2 }, (_, place) => 1 + Number(place % EDGE >= 12));
    if (i !== 2) await writeFile(at("masks", name), encode({ ...size, channels: 1, data: grey }));
  }
  await writeFile(at("photos/notes.txt"), "Taken by nobody.");
  await writeFile(at("photos/broken.png"), "These are no pixels.");
  await writeFile(at("masks/labels.json"), '["-", "ground", { "name": "sky", "category": "far" }]');
  await writeClassifier(at("tiny.safetensors"));
});
afterAll(() => rm(home, { recursive: true, force: true }));

const options = (more: Partial<DissectOptions & ClassifierFlags> = {}) => ({
  ...{ seed: 1, trainSeed: 2, examples: 2, classifier: at("tiny.safetensors"), edge: EDGE },
  ...{ images: at("photos"), masks: at("masks") },
  ...more,
});
const { signal } = new AbortController();

/** What a command has while it runs, with what it said. */
function running() {
  const notes: string[] = [];
  const note = (text: string): void => void notes.push(text);
  const progress = { report() {}, download() {} } as unknown as Running["progress"];
  return { notes, note, progress, signal };
}

test("writes a report of photographs with masks, and says what was skipped and what cannot be found", async () => {
  const { notes, ...watching } = running();
  const opened = await openClassifier(options(), watching);
  expect(opened.photographs.names).toEqual([
    "more/photo_4.png",
    "more/photo_5.png",
    "photo_0.png",
    "photo_1.png",
    "photo_3.png",
  ]);
  expect(notes.join()).toContain("5 photographs; 3 files were skipped");
  for (const said of ["notes.txt: is no JPEG or PNG", "broken.png, photo_2.png: has no mask"]) {
    expect(notes.join()).toContain(said);
  }
  const device = await requestDevice();
  const folder = memoryFolder();
  const place: Place = { ...watching, device, folder, encoder: nodeEncoder(), progress() {} };
  const summary = await dissectClassifier(opened, options(), place);
  device.dispose();
  expect(summary).toMatchObject({
    complete: true,
    model: { name: "tiny", resolution: EDGE },
    segmenter: { name: "masks of masks" },
    settings: { layers: ["layer3"], size: 5, quantileThreshold: 0.01, iouThreshold: 0.04, segmentationSize: 4 },
    ceiling: { share: 0.25, concepts: ["ground"] },
    layers: [{ layer: "layer3", units: 64 }],
  });
  expect(notes.join()).toContain("no concept over 25 % of the pixels can be detected (ground)");
  expect(notes.join()).toContain("layer3 is dissected, the last map");
  const text = (name: string): string => String(folder.files.get(name));
  const report = JSON.parse(text("report.json"));
  expect(report.images).toEqual(opened.photographs.names);
  expect(report.provenance.weights).toEqual([
    { role: "classifier", source: at("tiny.safetensors"), bytes: expect.any(Number) },
  ]);
  expect(text("report.html")).toContain("5 photographs");
  expect(text("report.html")).toContain("no concept over 25 %");
});

test("writes reports of controls: of a rotation of the units, and of weights that were drawn", async () => {
  const device = await requestDevice();
  const report = async (more: Partial<DissectOptions & ClassifierFlags>) => {
    const { notes, ...watching } = running();
    const told = options({ quantileThreshold: 0.1, ...more });
    const folder = memoryFolder();
    const place: Place = { ...watching, device, folder, encoder: nodeEncoder(), progress() {} };
    await dissectClassifier(await openClassifier(told, watching), told, place);
    const html = String(folder.files.get("report.html"));
    return { html, ...JSON.parse(String(folder.files.get("report.json"))) };
  };
  const [plain, turned, drawn] = [await report({}), await report({ rotate: 3 }), await report({ untrained: 3 })];
  expect(plain.model).toEqual({ name: "tiny", resolution: EDGE, sizes: [] });
  expect(plain.html).not.toContain("<dt>Control</dt>");
  expect(turned.model).toEqual({ ...plain.model, name: "tiny-rotated-3", rotation: 3 });
  expect(turned.html).toContain("<dt>Control</dt><dd>units are a random rotation (seed 3)</dd>");
  expect(drawn.model).toEqual({ ...plain.model, name: "tiny-untrained-3", untrained: 3 });
  expect(drawn.html).toContain("<dt>Control</dt><dd>untrained weights (seed 3)</dd>");
  const levels = ({ layers }: typeof plain) => layers[0].units.map(({ level }: { level: number }) => level);
  for (const control of [turned, drawn]) {
    expect(control.labels).toEqual(plain.labels);
    expect(levels(control)).toHaveLength(64);
    expect(levels(control)).not.toEqual(levels(plain));
  }
  expect(levels(turned)).not.toEqual(levels(drawn));
  const both = await report({ untrained: 3, rotate: 3 });
  expect(both.model).toEqual({ ...plain.model, name: "tiny-untrained-3-rotated-3", untrained: 3, rotation: 3 });
  device.dispose();
});

test("dissects the last map where no layer is named, and no pool", () => {
  const [map, vector] = [
    { channels: 4, height: 3, width: 3 },
    { channels: 4, height: 1, width: 1, vector: true as const },
  ];
  const named = (name: string) => ({ name, ...map });
  expect(lastMap({ layers: [named("relu5_3"), named("pool5"), { name: "relu6", ...vector }] })).toBe("relu5_3");
  expect(lastMap({ layers: [named("maxpool"), named("layer4")] })).toBe("layer4");
});

describe("refuses", () => {
  test.each<[Partial<DissectOptions & ClassifierFlags>, string]>([
    [{ images: undefined } as never, "on photographs"],
    [{ model: "church.pth" }, "--model is for generators"],
    [{ truncation: 0.5 }, "--truncation is for generators"],
    [{ chrome: true }, "--chrome is for generators"],
    [{ segmenter: "mosaic-ade20k32" }, "--masks both name"],
    [{ classifier: undefined, masks: undefined, edge: undefined } as never, "--images is for classifiers"],
    [{ masks: undefined, segmenter: "self" } as never, "labels no pixels"],
    [
      { classifier: undefined, images: undefined, masks: undefined, edge: undefined, untrained: 0 } as never,
      "--untrained is for classifiers",
    ],
  ])("%j", (more, said) => {
    expect(() => checkFlags(options(more))).toThrow(UsageError);
    expect(() => checkFlags(options(more))).toThrow(said);
  });

  test("layers that are none or no maps, before a photograph is looked at", async () => {
    const open = (layer: string) => openClassifier(options({ layers: [layer], images: at("gone") }), running());
    await expect(open("layer9")).rejects.toThrow('This ResNet-10 has no layer "layer9". Its maps are relu, layer1,');
    await expect(open("layer2")).rejects.toThrow('gone" is not there');
  });
});

test("takes as many photographs as are asked for, and as many more where levels are searched", async () => {
  const taken = async (more: Partial<DissectOptions>) =>
    (await openClassifier(options({ size: 2, ...more }), running())).photographs.names;
  const two = await taken({});
  expect(two).toHaveLength(2);
  expect(await taken({})).toEqual(two);
  expect(await taken({ rule: "gan-dissection" })).toHaveLength(4);
  expect(await taken({ quantileThreshold: "maxiou" })).toHaveLength(4);
  expect(await taken({ rule: "gan-dissection", quantileThreshold: 0.01 })).toHaveLength(2);
});

test("stopped and killed again and again, whole runs and their comparison are those of none that was", async () => {
  await mkdir(at("album"));
  await mkdir(at("marked"));
  for (const [i, photograph] of photographs(96).entries()) {
    await writeFile(at("album", `${i}.png`), photograph);
    const data = Uint8Array.from({ length: EDGE ** 2 }, (_, place) => 1 + Number(place % EDGE >= i % EDGE));
    await writeFile(at("marked", `${i}.png`), encode({ width: EDGE, height: EDGE, depth: 8, channels: 1, data }));
  }
  await writeFile(at("marked/labels.json"), '["-", "ground", "sky"]');
  const dissect = (outdir: string, ...more: readonly string[]): readonly string[] => [
    ...["dissect", "--classifier", "tiny.safetensors", "--edge", `${EDGE}`, "--images", "album", "--masks", "marked"],
    ...["--batch", "1", "--examples", "2", "--outdir", outdir, ...more],
  ];
  const cwd = { cwd: home };
  const searched = ["--layers", "layer2", "--rule", "gan-dissection"];
  expect((await run(dissect("whole/last"), cwd)).status).toBe(0);
  expect((await run(dissect("whole/searched", ...searched), cwd)).status).toBe(0);

  const stopped = start(dissect("broken/last"), cwd);
  await stopped.said(/activations/);
  stopped.interrupt();
  expect((await stopped.ended).status).toBe(130);
  expect(await readdir(at("broken/last"))).toContain("dissection.state");
  const begun = await interruptAt(/scores: /, dissect("broken/last"), { ...cwd, signal: "SIGKILL" });
  expect([begun.status, begun.stderr]).toEqual([null, expect.stringMatching(/An earlier run was stopped going over/)]);
  for (const [index, phase] of [/quantiles: /, /levels: /, /scores: /, /draw strips: /].entries()) {
    const signal = index % 2 === 0 ? "SIGINT" : "SIGKILL";
    const { status } = await interruptAt(phase, dissect("broken/searched", ...searched), { ...cwd, signal });
    expect(status).toBe(signal === "SIGINT" ? 130 : null);
  }
  for (const [name, more] of [
    ["last", []],
    ["searched", searched],
  ] as const) {
    const last = await run(dissect(`broken/${name}`, ...more), cwd);
    expect([last.status, last.stderr]).toEqual([0, expect.stringMatching(/An earlier run [a-z].*: going on /)]);
    expect(await readdir(at("broken", name))).not.toContain("dissection.state");
    for (const file of ["units.csv", "tensors.safetensors", "blocks.safetensors"]) await same(`${name}/${file}`);
  }
  // Of one layer of both, which are called the same where they lie.
  const other = ["--layers", "layer1"];
  for (const runs of ["whole", "broken"]) {
    expect((await run(dissect(`${runs}/other`, ...other), cwd)).status).toBe(0);
    const compared = await run(["compare", "last", "other", "--outdir", "compared"], { cwd: at(runs) });
    expect([compared.status, compared.stderr]).toEqual([0, expect.anything()]);
  }
  const files = await readdir(at("whole/compared"));
  expect(files).toEqual(expect.arrayContaining(["compare.csv", "compare.json"]));
  expect(await readdir(at("broken/compared"))).toEqual(files);
  for (const file of files) if (/\.(csv|svg)$/.test(file)) await same(`compared/${file}`);
  const figures = async (runs: string) => {
    const { provenance: _, ...rest } = JSON.parse(await readFile(at(runs, "compared/compare.json"), "utf8"));
    return rest;
  };
  expect(await figures("broken")).toEqual(await figures("whole"));

  // What it was of has changed: it begins anew.
  const again = start(dissect("changed"), { cwd: home });
  await again.said(/activations/);
  again.interrupt();
  await again.ended;
  await writeFile(at("album/0.png"), photographs(97)[96]!);
  const anew = await run(dissect("changed"), { cwd: home });
  expect([anew.status, anew.stderr]).toEqual([0, expect.not.stringContaining("An earlier run")]);
});

/** A file of whole runs and of those that were stopped has the same bytes. */
async function same(file: string): Promise<void> {
  const [ours, theirs] = await Promise.all(["broken", "whole"].map((runs) => readFile(at(runs, file))));
  expect([file, ours!.equals(theirs!)]).toEqual([file, true]);
}
