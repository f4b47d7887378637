// A generator of levels that nobody here wrote, beside the repository: see its SOURCES.md. Where it
// is not there, that is said, and the made-up one of self.test.ts is all there is.
import { existsSync, readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Experiment, rankUnits } from "../../src/causality/index.ts";
import { type Device, type Dissection, dissect, Generator, openCheckpoint, Segmenter } from "../../src/index.ts";
import { parseDescription } from "../../src/networks/description.ts";
import { describedNetwork } from "../../src/networks/description-network.ts";
import { requestDevice } from "../gpu.ts";

const WILD = new URL("../../../shared/models/wild/", import.meta.url);
const NAME = "schrum-mario-w11-32.pth";
const there = existsSync(new URL(NAME, WILD));
if (!there) console.log(`No ${WILD.pathname}${NAME}: the levels of others are not dissected.`);

describe.runIf(there)("levels of others, labelled by their generator", () => {
  let device: Device;
  let generator: Generator;
  let segmenter: Segmenter;
  beforeAll(async () => {
    device = await requestDevice();
    const description = parseDescription(JSON.parse(readFileSync(new URL("models.json", WILD), "utf8"))[NAME]);
    const network = describedNetwork(description, await openCheckpoint(readFileSync(new URL(NAME, WILD))));
    generator = await Generator.define(network, { device, name: "mario" });
    segmenter = await Segmenter.self(generator);
  });
  afterAll(() => {
    segmenter?.dispose();
    generator?.dispose();
    device?.dispose();
  });

  // Expected numbers are of PyTorch and NumPy, over 1,000 levels of another seed (spec §7).
  it("have units that detect kinds of tiles", async () => {
    let found: Dissection | undefined;
    for await (const event of dissect(generator, segmenter, {
      layers: ["layer3"],
      size: 1000,
      seed: 3,
      quantileThreshold: 0.01,
      examples: 1,
    }))
      if (event.type === "result") found = event.dissection;
    expect(found!.model).toMatchObject({ resolution: 28, height: 14, width: 28 });
    const [layer] = found!.layers;
    const above = layer!.units.filter(({ iou }) => iou > 0.04).length;
    const best = layer!.units.toSorted((a, b) => b.iou - a.iou)[0]!;
    console.log(
      `${above} of ${layer!.units.length} units above 0.04, the best ${best.iou} of ${found!.labels[best.label]!.name}`,
    );
    expect(layer!.units).toHaveLength(64);
    expect(Math.abs(above - 23)).toBeLessThanOrEqual(1);
    expect(found!.labels[best.label]).toEqual({ name: "ground", category: "tile" });
    expect(best.iou).toBeCloseTo(0.14, 2);
  });

  it("lose their pipes with five of its units", async () => {
    using experiment = await Experiment.create(generator, segmenter, { editable: ["layer3"], size: 300, seed: 3 });
    const pipes = (pixels: readonly number[]): number =>
      segmenter.labels.reduce((sum, { name }, label) => sum + (name.startsWith("pipe") ? pixels[label]! : 0), 0);
    expect(pipes(experiment.before)).toBe(1043);
    expect(pipes(await experiment.pixels([{ layer: "layer3", units: [20, 41, 2, 53, 18] }]))).toBe(249);
    expect(pipes(await experiment.pixels([{ layer: "layer3", units: [1, 9, 17, 25, 33] }]))).toBe(1093);
  });

  it("are ranked by all four tiles of a pipe at once", async () => {
    const pipe = segmenter.unite(
      segmenter.labels.map(({ name }) => name).filter((name) => name.startsWith("pipe")),
      { name: "pipe" },
    );
    const label = pipe.label("pipe");
    let found: Dissection | undefined;
    const settings = { layers: ["layer3"], size: 1000, seed: 3, quantileThreshold: 0.01, examples: 1 };
    for await (const event of dissect(generator, pipe, settings)) if (event.type === "result") found = event.dissection;
    const five = rankUnits(found!, "layer3", label).slice(0, 5);
    // those that PyTorch and NumPy call the most pipe-like (spec §7)
    expect(five.toSorted((a, b) => a - b)).toEqual([2, 18, 20, 41, 53]);
    using experiment = await Experiment.create(generator, pipe, { editable: ["layer3"], size: 300, seed: 3 });
    expect(experiment.before[label]).toBe(1043);
    expect((await experiment.pixels([{ layer: "layer3", units: five }]))[label]).toBe(249);
  });
});
