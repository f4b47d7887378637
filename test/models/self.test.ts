import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ablateLocations, Experiment, insertionContext } from "../../src/causality/index.ts";
import { cellReach } from "../../src/causality/response.ts";
import {
  type Device,
  type Dissection,
  dissect,
  Generator,
  mergeSegmenters,
  openCheckpoint,
  Segmenter,
  UsageError,
  writeSafetensors,
} from "../../src/index.ts";
import { conv } from "../../src/kernels/conv/conv.ts";
import { tileBytes } from "../../src/kernels/maps/picture.ts";
import { filterOf } from "../../src/networks/filters.ts";
import { type Build, networkOf } from "../../src/networks/network.ts";
import { requestDevice } from "../gpu.ts";
import { noise } from "../kernels/reference.ts";
import { oblongGenerator } from "./oblong.ts";

// Levels of 6 × 8 tiles of five kinds, of which 4 × 7 are shown; layer1 has 3 × 4 cells.
const [HEIGHT, WIDTH, ROWS, COLUMNS, KINDS] = [6, 8, 4, 7, 5];
const AREA = ROWS * COLUMNS;

function build({ graph, state, input, layer, output }: Build): void {
  const z = input({ name: "z", height: 1, width: 1, channels: 4, draw: "normal" });
  const first = layer("layer1", () =>
    graph.view(conv(graph, z(), filterOf(state, "first")), "layer1", [z().shape[0]!, 3, 4, 8], 8),
  );
  const second = layer("layer2", () =>
    conv(graph, first(), filterOf(state, "second"), { pad: 1, upsample: true, activation: "leaky" }),
  );
  output("image", "image", () => conv(graph, second(), filterOf(state, "tiles")), {
    ...{ range: "tiles", crop: [ROWS, COLUMNS], labels: ["grass", "brick"] },
  });
}

async function levels(device: Device): Promise<Generator> {
  const tensor = (seed: number, ...shape: number[]) => {
    const count = shape.reduce((a, b) => a * b);
    return { dtype: "float32" as const, shape, data: noise(seed, count) };
  };
  const weights = writeSafetensors({
    "first.weight": tensor(1, 3 * 4 * 8, 4, 1, 1),
    "second.weight": tensor(2, 8, 8, 3, 3),
    "tiles.weight": tensor(3, KINDS, 8, 1, 1),
  });
  const { tensors } = await openCheckpoint(weights);
  return Generator.define(networkOf({ name: "level network", build }, tensors), { device, name: "levels" });
}

let device: Device;
let generator: Generator;
let segmenter: Segmenter;
beforeAll(async () => {
  device = await requestDevice();
  generator = await levels(device);
  segmenter = await Segmenter.self(generator);
});
afterAll(() => {
  segmenter?.dispose();
  generator?.dispose();
  device?.dispose();
});

/** Images' labels [image][pixel], from the network's own numbers. */
async function labelsOf(size: number, seed: number, edits: Parameters<Experiment["pixels"]>[0] = []) {
  const editable = [...new Set(edits.map(({ layer }) => layer))];
  using plan = await generator.compile({ batch: size, raw: true, editable });
  plan.setEdits(edits);
  plan.run(generator.sample({ size, seed }));
  const raw = await plan.raw!.read();
  return Array.from({ length: size }, (_, image) =>
    Array.from({ length: AREA }, (_, pixel) => {
      const [row, column] = [Math.floor(pixel / COLUMNS), pixel % COLUMNS];
      const start = ((image * HEIGHT + row) * WIDTH + column) * 8;
      const scores = [...raw.subarray(start, start + KINDS)];
      return 1 + scores.indexOf(Math.max(...scores));
    }),
  );
}

const tally = (maps: readonly (readonly number[])[]): number[] =>
  segmenter.labels.map((_, label) => maps.flat().filter((one) => one === label).length);

/** Bilinear at half-pixel centres, of all that the layer covers, at a pixel of what is shown. */
function activation(map: ArrayLike<number>, [h, w]: readonly [number, number], pixel: number): number {
  const place = (t: number, edge: number, of: number): number =>
    Math.min(edge - 1, Math.max(0, ((t + 0.5) * edge) / of - 0.5));
  const [y, x] = [place(Math.floor(pixel / COLUMNS), h, HEIGHT), place(pixel % COLUMNS, w, WIDTH)];
  let sum = 0;
  for (let cell = 0; cell < h * w; cell += 1) {
    const near = (a: number, b: number): number => Math.max(0, 1 - Math.abs(a - b));
    sum += near(y, Math.floor(cell / w)) * near(x, cell % w) * map[cell]!;
  }
  return sum;
}

describe("a generator of tiles", () => {
  it("names its kinds of tiles, from 1 on, and knows nothing that is none", () => {
    expect(segmenter).toMatchObject({ name: "self", channels: 1, categories: ["tile"], reads: "raw" });
    expect(segmenter.labels.map(({ name }) => name)).toEqual(["-", "grass", "brick", "tile 3", "tile 4", "tile 5"]);
    expect(segmenter.label("tile 4")).toBe(4);
    expect(segmenter.architecture).toBe("tiles of level network");
    expect(segmenter.cost()).toMatchObject({ flops: 0 }); // comparing is none
  });

  it("has at every pixel that is shown the kind that scores highest", async () => {
    using plan = await generator.compile({ batch: 5, raw: true });
    plan.run(generator.sample({ size: 5, seed: 4 }));
    using labels = await segmenter.compile(plan.raw!, [ROWS, COLUMNS]);
    labels.run();
    const expected = (await labelsOf(5, 4)).flat();
    expect([...(await labels.labels.read())]).toEqual(expected);
    expect(new Set(expected).size).toBeGreaterThan(2);
  });

  it.each(["iqr", 0.1] as const)("is dissected tile by tile, levels by %s", async (quantileThreshold) => {
    let found: Dissection | undefined;
    const layers = ["layer1", "layer2"];
    for await (const event of dissect(generator, segmenter, { layers, size: 30, batch: 8, quantileThreshold }))
      if (event.type === "result") found = event.dissection;
    expect(found!.model).toMatchObject({ resolution: 7, height: 4, width: 7, uncropped: [6, 8] });
    expect(found!.model.tiles).toEqual(tileBytes(segmenter.labels.length - 1));
    expect(found!.settings).toMatchObject({ segmentationSize: 7, segmentationHeight: 4, segmentationWidth: 7 });
    const labels = await labelsOf(30, 1);
    expect(found!.labelPixels).toEqual(tally(labels));
    using plan = await generator.compile({ batch: 30, retain: layers });
    plan.run(generator.sample({ size: 30, seed: 1 }));
    let counted = 0;
    for (const { layer, shape, units, tables } of found!.layers) {
      const data = await plan.layers.get(layer)!.read();
      const cells = shape[0] * shape[1];
      for (const { unit, level } of units) {
        const both = new Array<number>(segmenter.labels.length).fill(0);
        let [active, near] = [0, 0];
        labels.forEach((map, image) => {
          const own = Array.from({ length: cells }, (_, cell) => data[(image * cells + cell) * 8 + unit]!);
          map.forEach((label, pixel) => {
            const value = activation(own, shape, pixel);
            if (Math.abs(value - level) <= 1e-5 * Math.max(1, Math.abs(level))) near += 1;
            if (!(value > level)) return;
            active += 1;
            both[label]! += 1;
          });
        });
        expect(Math.abs(tables.activation[unit]! - active)).toBeLessThanOrEqual(near);
        both.forEach((count, label) => {
          expect(Math.abs(tables.intersection[label * units.length + unit]! - count)).toBeLessThanOrEqual(near);
        });
        counted += active;
      }
    }
    expect(counted).toBeGreaterThan(100);
  });

  it("is edited, and its tiles are counted before and after", async () => {
    using experiment = await Experiment.create(generator, segmenter, { editable: ["layer1"], size: 7, batch: 3 });
    expect(experiment.before).toEqual(tally(await labelsOf(7, 3)));
    const edits = [{ layer: "layer1", units: [0, 3, 5], value: 2 }];
    const after = tally(await labelsOf(7, 3, edits));
    expect(await experiment.pixels(edits)).toEqual(after);
    expect(after).not.toEqual(experiment.before);
  });

  it("is edited at cells, of which those that are not shown bear nothing", async () => {
    using experiment = await Experiment.create(generator, segmenter, { editable: ["layer1"], size: 4, batch: 2 });
    const plain = await labelsOf(4, 3);
    const concept = segmenter.labels[plain[0]![0]!]!.name;
    const label = segmenter.label(concept);
    const [units, values] = [
      [1, 6],
      [3, -2],
    ];
    const context = await insertionContext(experiment, concept, { layer: "layer1", units: units!, values: values! });
    // Cells of two by two tiles: the third row is not shown, the fourth column's left half is.
    const inCell = (map: readonly number[], cell: number): number =>
      map.filter((one, pixel) => {
        const [row, column] = [Math.floor(pixel / COLUMNS), pixel % COLUMNS];
        return one === label && Math.floor(row / 2) * 4 + Math.floor(column / 2) === cell;
      }).length;
    const places = new Map<number, number>();
    let locations = 0;
    const scores = [0, 0];
    for (let cell = 0; cell < 12; cell += 1) {
      const mask = Float32Array.from({ length: 12 }, (_, at) => Number(at === cell));
      const edited = await labelsOf(4, 3, [{ layer: "layer1", units: units!, value: values!, mask }]);
      const ablated = await labelsOf(4, 3, [{ layer: "layer1", units: [units![0]!], mask }]);
      let gain = 0;
      plain.forEach((map, image) => {
        const count = (one: readonly number[]) => one.filter((each) => each === label).length;
        gain += count(edited[image]!) - count(map);
        const [row, column] = [2 * Math.floor(cell / 4) + 1, 2 * (cell % 4) + 1];
        const there = row < ROWS && column < COLUMNS ? map[row * COLUMNS + column]! : 0;
        if (there > 0) places.set(there, (places.get(there) ?? 0) + 1);
        if (inCell(map, cell) === 0) return;
        locations += 1;
        scores[0]! += inCell(map, cell) / 4;
        scores[1]! += inCell(ablated[image]!, cell) / 4;
      });
      expect(context.cells[cell]).toBeCloseTo(gain / 4, 9);
    }
    expect(Object.fromEntries(context.effects.map(({ label, places }) => [label, places]))).toEqual(
      Object.fromEntries(places),
    );
    const found = await ablateLocations(experiment, label, { layer: "layer1", units: units!, steps: 1 });
    expect(found).toMatchObject({ locations, scores });
    expect(cellReach(generator, [ROWS, COLUMNS])).toEqual([HEIGHT, WIDTH]);
  });
});

it("a generator of pictures says that it labels nothing, and tiles are merged with nothing else", async () => {
  const pictures = await oblongGenerator(device);
  await expect(Segmenter.self(pictures)).rejects.toThrow(UsageError);
  for (const none of [undefined, null, {}, 3]) {
    await expect(Segmenter.self(none as never)).rejects.toThrow(expect.objectContaining({ code: "usage" }));
  }
  await expect(Segmenter.self(pictures)).rejects.toThrow(/oblong network makes pictures.*Give a segmenter/s);
  pictures.dispose();
  const other = { device, storage: "f32", reads: "image", labels: [{ name: "sky" }] } as unknown as Segmenter;
  expect(() => mergeSegmenters("both", [segmenter, other])).toThrow(/do not all see pictures/);
});
