import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { serve as serveFiles } from "../../scripts/serve.mjs";
import { Experiment } from "../../src/causality/experiment.ts";
import { rankUnits } from "../../src/causality/ranking.ts";
import { unitQuantiles } from "../../src/dissect/measure-quantiles.ts";
import type { Dissection } from "../../src/dissect/result.ts";
import { UnitQuantiles } from "../../src/dissect/unit-quantiles.ts";
import { GanatomyError, UsageError } from "../../src/errors.ts";
import { walkAt } from "../../src/inversion/walk.ts";
import { dissect, loadGenerator, loadSegmenter } from "../../src/load.ts";
import type { Edit } from "../../src/models/edits.ts";
import type { Generator } from "../../src/models/generator.ts";
import type { Segmenter } from "../../src/models/segmenter.ts";
import { decodePhoto } from "../../src/node/photo/decode.ts";
import type { Device } from "../../src/runtime/device.ts";
import { packCells } from "../../src/session/cells.ts";
import type { EditedImage, Stroke } from "../../src/session/recipe.ts";
import type { DissectProgress, LoadRequest, Progress, Session } from "../../src/session/session.ts";
import { requestDevice } from "../gpu.ts";
import { published, publishedQuantiles } from "../server/published.ts";
import { inProcess, overHttp, overPort, type Place, scenes64 } from "./places.ts";

/** The library itself, on a device of its own: what a session must agree with. */
let device: Device;
let generator: Generator;
let segmenter: Segmenter;
let dissection: Dissection;
/** Quantiles of layer4's units, on as many images as a session takes. */
let quantiles: UnitQuantiles;
/** Files by address, as pages have them. */
let weights: Awaited<ReturnType<typeof serveFiles>>;

const DISSECT = { layers: ["layer4"], size: 24, seed: 5, trainSeed: 6 };

beforeAll(async () => {
  weights = await serveFiles(fileURLToPath(new URL("../../weights/scenes64", import.meta.url)));
  device = await requestDevice();
  const files = await scenes64();
  generator = await loadGenerator(files.generator, { device, name: "scenes64" });
  segmenter = await loadSegmenter(files.segmenter, { device });
  for await (const event of dissect(generator, segmenter, DISSECT)) {
    if (event.type === "result") dissection = event.dissection;
  }
  quantiles = await unitQuantiles(generator, { layer: "layer4", size: 200 });
});
afterAll(async () => {
  device?.dispose();
  await weights?.close();
});

/** RGB bytes of an image by `generator.images`. */
async function plain(image: number, edits: readonly Edit[] = [], seed = 1): Promise<Uint8Array> {
  for await (const { rgb } of generator.images({ size: 1, seed, start: image, edits })) return rgb;
  throw new Error("no image");
}

/**
 * Pictures are the same but for rounding: behind a layer that is painted on, a session's
 * convolutions may run in other ways than the library's unless it is told to (`incremental`).
 */
function expectAlike(picture: Uint8Array, expected: Uint8Array): void {
  expect(picture.length).toBe(expected.length);
  expect(Math.max(...picture.map((value, at) => Math.abs(value - expected[at]!)))).toBeLessThanOrEqual(1);
}

const rgbOf = (rgba: Uint8Array): Uint8Array => rgba.filter((_, at) => at % 4 !== 3);

const TOP_LEFT = { height: 2, width: 2, data: [1, 0, 0, 0] };
const stroke = (id: string, more: Partial<Stroke>): Stroke => ({ id, op: "remove", units: [24, 59, 126], ...more });

describe.each([
  ["in process", async () => inProcess()],
  ["over a port", overPort],
  ["over HTTP", overHttp],
] as const)("a session %s", (where, open) => {
  let place: Place;
  let session: Session;
  const seen: Progress[] = [];

  beforeAll(async () => {
    place = await open();
    session = place.session;
  });
  afterAll(() => place?.close());

  if (where === "over HTTP") thereAlready();
  else loadedFirst();

  /** A server's has everything, and takes nothing else. */
  function thereAlready(): void {
    test("has what its server has", async () => {
      const told: unknown[] = [];
      const end = session.on("loaded", (loaded) => told.push(loaded));
      expect(session.loaded).toMatchObject({
        model: { name: "scenes64", height: 64, width: 64, layers: generator.layers, classes: [] },
        segmenter: { channels: 1 },
        rankings: {},
        adapter: place.devices[0]!.adapter,
      });
      expect(session.loaded!.labels.map((label) => label.name)).toEqual(segmenter.labels.map((label) => label.name));
      expect(await session.load({})).toBe(session.loaded);
      expect(told).toEqual([session.loaded]);
      end();
    });

    test.each([
      ["generator", { generator: "x.pth" }],
      ["report", { report: {} }],
    ])("loads no %s", async (name, request) => {
      await expect(session.load(request)).rejects.toThrow(UsageError);
      await expect(session.load(request)).rejects.toThrow(new RegExp(`loads no ${name}: it shows what the server has`));
    });
  }

  function loadedFirst(): void {
    test("says what is missing, as an error of its class", async () => {
      expect(session.loaded).toBeUndefined();
      const error = await session.picture().catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(UsageError);
      expect(error).toMatchObject({ code: "usage", fix: "Load one: session.load({ generator })." });
      expect((error as Error).message).toBe("This session has no generator. Load one: session.load({ generator }).");
    });

    test("loads a generator, shows it, and then a segmenter", async () => {
      const told: number[] = [];
      const end = session.on("loaded", (loaded) => {
        expect(session.loaded).toBe(loaded);
        told.push(loaded.labels.length);
      });
      const { name, segmenter: files } = await scenes64();
      const address = `${weights.url}generator.safetensors`;
      const loaded = await session.load({ generator: address, name, onProgress: (progress) => seen.push(progress) });
      expect(loaded).toEqual(session.loaded);
      expect(loaded.model).toMatchObject({
        name: "scenes64",
        height: 64,
        width: 64,
        layers: generator.layers,
        classes: [],
      });
      expect(loaded.segmenter).toBeUndefined();
      expectAlike(rgbOf((await session.picture()).data), await plain(0));
      await session.load({ segmenter: files });
      expect(session.loaded?.labels.map((label) => label.name)).toEqual(segmenter.labels.map((label) => label.name));
      expect(session.loaded?.segmenter).toMatchObject({ channels: 1 });
      expect(told).toEqual([0, 11]);
      end();
      expect(seen.length).toBeGreaterThan(0);
      expect(new Set(seen.map(({ phase }) => phase))).toEqual(new Set(["generator"]));
      expect(seen.at(-1)!.done).toBe(seen.at(-1)!.total);
    });

    test.each<[string, LoadRequest, RegExp]>([
      ["no weights", { generator: new ArrayBuffer(64) }, /./],
      [
        "another model's report",
        { report: { netname: "church", layers: [] } },
        /report of church, and the generator here is scenes64/,
      ],
      ["no report", { report: {} }, /no report of a dissection/],
    ])("loads what is %s not", async (_, request, said) => {
      const error = await session.load(request).catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(GanatomyError);
      expect((error as GanatomyError).message).toMatch(said);
      expectAlike(rgbOf((await session.picture({ image: 3 })).data), await plain(3));
    });
  }

  test.each<[string, EditedImage, readonly Edit[]]>([
    ["as it is", { image: 3, seed: 2 }, []],
    [
      "without trees",
      { image: 3, layer: "layer4", strokes: [stroke("a", {})] },
      [{ layer: "layer4", units: [24, 59, 126] }],
    ],
    [
      "with strokes on each other, one hidden",
      {
        image: 3,
        layer: "layer4",
        strokes: [
          stroke("a", { op: "draw", value: 4, mask: packCells(TOP_LEFT), alpha: 0.75 }),
          stroke("h", { units: "all", hidden: true }),
          stroke("b", { op: "copy", units: [1, 59], value: [3, -2], mask: { size: [8, 8], cells: [20, 9] } }),
        ],
      },
      [
        { layer: "layer4", units: [24, 59, 126], value: 4, alpha: 0.75, mask: TOP_LEFT },
        {
          layer: "layer4",
          units: [1, 59],
          value: [3, -2],
          mask: Array.from({ length: 64 }, (_, cell) => Number(cell >= 20 && cell < 29)),
        },
      ],
    ],
    [
      "in a layer near the image",
      { image: 1, layer: "layer6", strokes: [stroke("a", {})] },
      [{ layer: "layer6", units: [24, 59, 126] }],
    ],
  ])("draws an image %s as the library does", async (_, edited, edits) => {
    const { data, height, width } = await session.picture(edited);
    expect([height, width, data.length]).toEqual([64, 64, 64 * 64 * 4]);
    expectAlike(rgbOf(data), await plain(edited.image!, edits, edited.seed));
  });

  test("draws images whose latents have gone toward others', with strokes and without", async () => {
    const at = (...shares: readonly number[]): EditedImage => ({
      ...{ seed: 3, image: 2, toward: shares.map((share, i) => ({ seed: 4, image: i, share })) },
    });
    const rgb = async (edited: EditedImage) => rgbOf((await place.session.picture(edited)).data);
    const rows = [generator.sample({ size: 1, seed: 3, start: 2 }), generator.sample({ size: 1, seed: 4 })] as const;
    const between = async (share: number, edits: readonly Edit[] = []) => {
      using run = await generator.forward(walkAt(rows, share, { sphere: generator.zSize }), { edits });
      const image = await run.image.read();
      return Uint8Array.from({ length: (image.length / 4) * 3 }, (_, i) => {
        const value = image[4 * Math.floor(i / 3) + (i % 3)]!;
        return Math.round(Math.min(255, Math.max(0, (value + 1) * 127.5)));
      });
    };
    expectAlike(await rgb(at(0)), await plain(2, [], 3));
    expectAlike(await rgb(at(1)), await plain(0, [], 4));
    expectAlike(await rgb(at(0, 1)), await plain(1, [], 4));
    expectAlike(await rgb(at(0.4)), await between(0.4));
    const strokes = [stroke("a", { mask: packCells(TOP_LEFT) })];
    const edits = [{ layer: "layer4", units: [24, 59, 126], value: 0, mask: TOP_LEFT }];
    expectAlike(await rgb({ ...at(0.4), layer: "layer4", strokes }), await between(0.4, edits));
    // Once more from where it was, as plans remember images that they have run.
    expectAlike(await rgb({ ...at(0), layer: "layer4", strokes }), await plain(2, edits, 3));
    expectAlike(await rgb({ ...at(0.4), layer: "layer4", strokes }), await between(0.4, edits));
    await expect(place.session.picture(at(3))).rejects.toThrow(/share/);
  });

  test("draws more strokes than a plan was compiled for", async () => {
    const strokes = Array.from({ length: 9 }, (_, i) =>
      stroke(`${i}`, { units: [i], value: i, mask: { size: [8, 8], cells: [6 * i, 9] } }),
    );
    const edits = strokes.map((_, i) => ({
      layer: "layer4",
      units: [i],
      value: i,
      mask: Array.from({ length: 64 }, (_, cell) => Number(cell >= 6 * i && cell < 6 * i + 9)),
    }));
    const { data } = await session.picture({ image: 2, layer: "layer4", strokes });
    expectAlike(rgbOf(data), await plain(2, edits));
  });

  test("inserts at quantiles of 200 images, 0.99 unless another is said", async () => {
    const [high, half] = [quantiles.levels(0.99), quantiles.levels(0.5)];
    const strokes = [
      stroke("a", { op: "draw", units: [24], mask: packCells(TOP_LEFT) }),
      stroke("b", { op: "remove", units: [59], value: { quantile: 0.5 } }),
    ];
    const { data } = await session.picture({ image: 4, layer: "layer4", strokes });
    const edits = [
      { layer: "layer4", units: [24], value: high[24]!, mask: TOP_LEFT },
      { layer: "layer4", units: [59], value: half[59]! },
    ];
    expectAlike(rgbOf(data), await plain(4, edits));
  });

  test("tells the levels of quantiles, by which units at a pixel are then ordered", async () => {
    const levels = await session.levels({ layer: "layer4", quantiles: [0.99, 0.515] });
    expect(levels).toEqual([quantiles.levels(0.99), quantiles.levels(0.515)]);
    const { layers } = await session.pixel({ image: 3, y: 41, x: 9, layers: ["layer4"], top: 128 });
    const units = layers[0]!.units;
    expect(units).toHaveLength(128);
    for (const [i, { unit, value, quantile }] of units.entries()) {
      expect(quantile).toBeCloseTo(quantiles.quantile(unit, value), 6);
      expect(quantile).toBeLessThanOrEqual(units[i - 1]?.quantile ?? 1);
    }
    await expect(session.levels({ layer: "layer4", quantiles: [2] })).rejects.toThrow(/A quantile is 2/);
  });

  test("makes PNGs", async () => {
    const { data, height, width } = await session.picture({ image: 3, type: "png" });
    expect([height, width]).toEqual([64, 64]);
    expect(rgbOf((await session.picture({ image: 3 })).data)).toEqual((await decodePhoto(data, "a test")).rgb);
  });

  test("says what is at a pixel", async () => {
    const [y, x] = [41, 9];
    const edit = { layer: "layer4", units: [24, 59, 126] };
    using run = await generator.forward(generator.sample({ size: 1, seed: 1, start: 3 }), {
      edits: [edit],
      retain: ["layer3", "layer6"],
    });
    using plan = await segmenter.compile(run.image, [64, 64]);
    plan.run();
    const labels = await plan.labels.read();
    const expected = await Promise.all(
      [
        ["layer3", 8, 128],
        ["layer6", 16, 128],
      ].map(async ([name, edge, stored]) => {
        const layer = generator.layer(name as string);
        expect([layer.height, layer.channels]).toEqual([edge, stored]);
        const [row, column] = [y, x].map((at) => Math.floor((at * layer.height) / 64)) as [number, number];
        const values = await run.layers
          .get(layer.name)!
          .read(layer.channels, (row * layer.width + column) * layer.channels);
        const units = [...values.keys()].sort((a, b) => values[b]! - values[a]!).slice(0, 3);
        return {
          layer: layer.name,
          row,
          column,
          units: units.map((unit) => ({ unit, value: expect.closeTo(values[unit]!, 4) })),
        };
      }),
    );
    const strokes = [stroke("a", {})];
    const pixel = await session.pixel({
      image: 3,
      y,
      x,
      layer: "layer4",
      strokes,
      layers: ["layer3", "layer6"],
      top: 3,
    });
    expect(pixel).toEqual({ y, x, labels: [labels[y * 64 + x]], layers: expected });
    const own = await session.pixel({ image: 3, y, x, layer: "layer4", strokes });
    expect(own.layers.map(({ layer, units }) => [layer, units.length])).toEqual([["layer4", 8]]);
    const all = await session.pixel({ image: 3, y, x });
    expect(all.layers.map(({ layer }) => layer)).toEqual(generator.hiddenLayers.map(({ name }) => name));
  });

  test("gathers the features of a region", async () => {
    using run = await generator.forward(generator.sample({ size: 1, seed: 1, start: 3 }), { retain: ["layer4"] });
    const map = await run.layers.get("layer4")!.read();
    const { layers } = await session.region({
      image: 3,
      layers: ["layer4"],
      mask: { size: [8, 8], cells: [10, 2, 6, 1] },
    });
    const of = (unit: number): number[] => [10, 11, 18].map((cell) => map[cell * 128 + unit]!);
    for (const unit of [0, 24, 127]) {
      expect(layers[0]!.max[unit]).toBe(Math.max(...of(unit)));
      expect(layers[0]!.mean[unit]).toBeCloseTo(of(unit).reduce((sum, value) => sum + value, 0) / 3, 5);
    }
    expect(layers.map(({ layer, mean, max }) => [layer, mean.length, max.length])).toEqual([["layer4", 128, 128]]);
  });

  test("measures what strokes do to every concept", async () => {
    const edit = { layer: "layer4", units: [24, 59, 126] };
    using experiment = await Experiment.create(generator, segmenter, { editable: ["layer4"], size: 3, seed: 1 });
    const after = await experiment.pixels([edit]);
    const strokes = [stroke("a", {})];
    const effect = await session.effect({ image: 0, size: 3, layer: "layer4", strokes });
    expect(effect.labels).toEqual(
      after.map((pixels, label) => ({ label, before: experiment.before[label], after: pixels })).slice(1),
    );
    expect(effect.inside.pixels).toBe(3 * 64 * 64);
    expect(effect.inside.changed).toBeGreaterThan(0);
    expect(effect.outside).toEqual({ pixels: 0, changed: 0 });
    const left = await session.effect({
      layer: "layer4",
      strokes: [stroke("a", { mask: packCells({ height: 1, width: 4, data: [1, 0, 0, 0] }) })],
    });
    expect([left.inside.pixels, left.outside.pixels]).toEqual([64 * 16, 64 * 48]);
  });

  test("finds the images that a unit is most active in, without being told of a report", async () => {
    const found = await session.topImages({ layer: "layer4", unit: 24, top: 2, size: 12, seed: 7 });
    using run = await generator.forward(generator.sample({ size: 12, seed: 7 }), { retain: ["layer4"] });
    const map = await run.layers.get("layer4")!.read();
    const peak = (image: number): number =>
      Math.max(...Array.from({ length: 64 }, (_, cell) => map[(image * 64 + cell) * 128 + 24]!));
    const best = Array.from({ length: 12 }, (_, image) => ({ seed: 7, image, activation: peak(image) }));
    expect(found).toEqual(best.sort((a, b) => b.activation - a.activation).slice(0, 2));
  });

  test("knows no concept's units before they are dissected, then does", async () => {
    const strokes = [stroke("a", { units: { concept: "tree", top: 5 } })];
    await expect(session.picture({ layer: "layer4", strokes })).rejects.toThrow(
      /Nothing is known of the units of layer4\. Load a report/,
    );
    const events: DissectProgress[] = [];
    for await (const event of session.dissect(DISSECT)) events.push(event);
    expect(events[0]).toMatchObject({ type: "progress", phase: "activations" });
    expect(events.filter(({ type }) => type === "partial").length).toBeGreaterThan(0);
    const last = events.at(-1)!;
    if (last.type !== "result") throw new Error("no result");
    const tree = segmenter.label("tree");
    const ranked = rankUnits(dissection, "layer4", tree).slice(0, 5);
    expect(last.report.layers[0]!.units.map(({ iou }) => iou)).toEqual(
      dissection.layers[0]!.units.map(({ iou }) => iou),
    );
    expect(session.loaded?.report).toEqual(last.report);
    const units = await session.units({ layer: "layer4", concept: "tree", top: 5 });
    expect(units.map(({ unit }) => unit)).toEqual(ranked);
    expect(units[0]!.score).toBe(dissection.layers[0]!.tables.iou[tree * 128 + ranked[0]!]);
    const concepts = await session.concepts({ layer: "layer4", category: "object" });
    const detecting = dissection.layers[0]!.units.filter(({ label, interpretable }) => interpretable && label === tree);
    expect(concepts.find(({ label }) => label === tree)).toEqual({
      ...{ concept: "tree", category: "object", label: tree },
      ...{ score: units[0]!.score, units: detecting.length },
    });
    const [first] = await session.concepts({ layer: "layer4", unit: ranked[0]!, top: 1 });
    const best = dissection.layers[0]!.units[ranked[0]!]!;
    expect(first).toMatchObject({ label: best.label, score: best.iou });
    const { data } = await session.picture({ layer: "layer4", strokes });
    expectAlike(rgbOf(data), await plain(0, [{ layer: "layer4", units: ranked }]));
    const [{ units: here }] = (await session.pixel({ y: 1, x: 1, layers: ["layer4"], top: 128 })).layers as [never];
    const labelled = (here as { unit: number; label?: number }[]).filter(({ label }) => label === tree);
    expect(detecting.length).toBeGreaterThan(0);
    expect(labelled.map(({ unit }) => unit).sort()).toEqual(detecting.map(({ unit }) => unit).sort());
  });

  test("shows units at the images of the report, dimmed where they are off, in the order asked for", async () => {
    const shown = [];
    for await (const one of session.thumbnails({ layer: "layer4", units: [59, 3], size: 32 })) shown.push(one);
    expect(shown.map(({ unit, height, width }) => [unit, height, width])).toEqual([
      [59, 32, 32],
      [3, 32, 32],
    ]);
    const [unit] = dissection.layers[0]!.units.slice(59);
    expect(shown[0]!.image).toBe(unit!.top[0]!.image);
    const whole = await session.picture({ seed: 5, image: unit!.top[0]!.image });
    const mean = (bytes: ArrayLike<number>): number =>
      [...rgbOf(Uint8Array.from(bytes))].reduce((a, b) => a + b, 0) / bytes.length;
    expect(mean(shown[0]!.rgba)).toBeLessThan(mean(whole.data));
    expect(mean(shown[0]!.rgba)).toBeGreaterThan(0.3 * mean(whole.data));
  });

  test("stops when it is told to, with the reason it is given", async () => {
    const stop = new AbortController();
    const reason = new Error("enough");
    const under = session.topImages({ layer: "layer4", unit: 1, size: 5000, signal: stop.signal });
    const events = session.dissect({ ...DISSECT, signal: stop.signal })[Symbol.asyncIterator]();
    await events.next();
    stop.abort(reason);
    await expect(under).rejects.toBe(reason);
    await expect(
      (async () => {
        while (!(await events.next()).done);
      })(),
    ).rejects.toBe(reason);
    await expect(session.pixel({ y: 0, x: 0, signal: stop.signal })).rejects.toBe(reason);
    expectAlike(rgbOf((await session.picture({ image: 3 })).data), await plain(3));
  });

  test("goes on looking for whoever still wants to know", async () => {
    const stop = new AbortController();
    const wanted = { layer: "layer3", unit: 1, size: 24 };
    const given = session.topImages({ ...wanted, signal: stop.signal });
    const kept = session.topImages(wanted);
    stop.abort(new Error("moved on"));
    await expect(given).rejects.toThrow("moved on");
    expect(await kept).toHaveLength(8);
  });

  test("leaving a stream ends it", async () => {
    let count = 0;
    for await (const _ of session.thumbnails({ layer: "layer4", size: 8 })) {
      count += 1;
      if (count === 3) break;
    }
    expect(count).toBe(3);
    expectAlike(rgbOf((await session.picture({ image: 3 })).data), await plain(3));
  });

  test.each<[string, (session: Session) => Promise<unknown>, RegExp]>([
    [
      "another layer",
      (s) => s.picture({ layer: "layer12", strokes: [stroke("a", {})] }),
      /no layer "layer12"\. Its layers are/,
    ],
    [
      "another unit",
      (s) => s.picture({ layer: "layer4", strokes: [stroke("a", { units: [128] })] }),
      /has no unit 128/,
    ],
    ["strokes of no layer", (s) => s.picture({ strokes: [stroke("a", {})] }), /of no layer\. Say which/],
    ["an unknown option", (s) => s.pixel({ y: 0, x: 0, layr: 1 } as never), /knows no "layr"\. Did you mean/],
    ["a pixel beyond the image", (s) => s.pixel({ y: 64, x: 0 }), /y is 64\. Use a whole number from 0 to 63/],
    ["another concept", (s) => s.units({ layer: "layer4", concept: "moon" }), /"moon" by iou\. Known are/],
    ["no stroke", (s) => s.picture({ layer: "layer4", strokes: [{ id: "a" } as Stroke] }), /A stroke needs op/],
    ["an empty region", (s) => s.region({ layers: ["layer4"], mask: { size: [8, 8], cells: [] } }), /covers nothing/],
    ["no question", (s) => s.pixel(undefined as never), /needs (an object of options|y)/],
  ])("%s is refused", async (_, ask, said) => {
    const error = await ask(session).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(GanatomyError);
    expect((error as GanatomyError).message).toMatch(said);
    expectAlike(rgbOf((await session.picture({ image: 3 })).data), await plain(3));
  });

  if (where !== "over HTTP") {
    test("counts quantiles once, whatever is loaded meanwhile", async () => {
      const phases: string[] = [];
      const end = session.on("progress", ({ phase }) => phases.push(phase));
      const counting = session.levels({ layer: "layer3", quantiles: [0.5] });
      await session.load({ segmenter: (await scenes64()).segmenter });
      expect(await counting).toHaveLength(1);
      await session.levels({ layer: "layer3", quantiles: [0.9] });
      end();
      expect(phases.filter((phase) => phase === "quantiles")).toHaveLength(2); // begun, and done
    });

    test("inserts at quantiles that it was given, without counting, whatever is loaded then", async () => {
      const { session: own } = await open();
      const phases: string[] = [];
      own.on("progress", ({ phase }) => phases.push(phase));
      const files = await scenes64();
      await own.load({ generator: files.generator, name: "scenes64" });
      const { channels } = own.loaded!.model!.layers.find(({ name }) => name === "layer6")!;
      const table = (units: number) =>
        new UnitQuantiles({
          ...{ quantiles: [0, 1], samples: 2, means: new Float32Array(units) },
          levels: Float32Array.from({ length: 2 * units }, (_, at) => (at < units ? 0 : at - units)),
        }).toNpz();
      await own.load({ quantiles: { layer6: table(channels) } });
      const [half] = await own.levels({ layer: "layer6", quantiles: [0.5] });
      expect([...half!.subarray(0, 4)]).toEqual([0, 0.5, 1, 1.5]);
      for (const wrong of [{ layer6: table(3) }, { layer99: table(channels) }, { layer6: new Uint8Array(9) }])
        await expect(own.load({ quantiles: wrong })).rejects.toThrow(/of 3 units, and it has|layer99|not|no /);
      await own.load({ segmenter: files.segmenter });
      expect((await own.levels({ layer: "layer6", quantiles: [1] }))[0]![3]).toBe(3);
      expect(phases).not.toContain("quantiles");
    });

    test("inserts at those of gandissect's own reports", async () => {
      const { asked, levels } = published.quantiles;
      const layers = place.session.loaded!.model!.layers;
      const { name: layer } = layers.find(({ channels }) => channels === levels.length)!;
      const phases: string[] = [];
      const stop = place.session.on("progress", ({ phase }) => phases.push(phase));
      await place.session.load({ quantiles: { [layer]: new Uint8Array(publishedQuantiles()) } });
      const at = asked.indexOf(0.99);
      const [found] = await place.session.levels({ layer, quantiles: [0.99] });
      for (const [unit, row] of levels.entries()) expect(found![unit]).toBeCloseTo(row[at]!, 4);
      stop();
      expect(phases).not.toContain("quantiles");
      await expect(place.session.load({ quantiles: { layer4: new Uint8Array(publishedQuantiles()) } })).rejects.toThrow(
        /of 3 units, and it has 128/,
      );
    });

    test("keeps a generator with which something else cannot be loaded", async () => {
      const own = await open();
      const { generator } = await scenes64();
      const events: (string | undefined)[] = [];
      own.session.on("loaded", ({ model }) => events.push(model?.name));
      const report = { netname: "church", layers: [] };
      await expect(own.session.load({ generator, name: "scenes64", report })).rejects.toThrow(/report of church/);
      expect([events, own.session.loaded?.model?.name]).toEqual([["scenes64"], "scenes64"]);
      expectAlike(rgbOf((await own.session.picture({ image: 3 })).data), await plain(3));
      // Of two the second, whichever comes first.
      const both = [await scenes64(), await scenes64()].map(({ generator }, i) =>
        own.session.load({ generator, name: `${i}` }),
      );
      const [first, second] = await Promise.allSettled(both);
      expect(first).toMatchObject({ reason: { message: expect.stringMatching(/Another generator was asked for/) } });
      expect(second).toMatchObject({ value: { model: { name: "1" } } });
      await own.close();
    });
  }

  test("ends what is under way when it is disposed, and says so from then on", async () => {
    const under = session.topImages({ layer: "layer4", unit: 1, size: 5000 });
    const rejected = expect(under).rejects.toThrow(/This session was disposed/);
    session.dispose();
    session.dispose();
    await rejected;
    await expect(session.picture()).rejects.toThrow(/This session was disposed/);
  });
});
