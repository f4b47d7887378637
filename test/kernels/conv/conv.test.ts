import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { conv } from "../../../src/kernels/conv/conv.ts";
import { TILES } from "../../../src/kernels/conv/product.ts";
import type { Device } from "../../../src/runtime/device.ts";
import { Graph, type Storage, type Target } from "../../../src/runtime/graph.ts";
import { requestDevice, targetsHere } from "../../gpu.ts";
import { Bench, bitsOf, conv64, double64, imageOf, type Linear, TOLERANCE, unpack, worstUnit } from "../reference.ts";
import {
  CASES,
  type Case,
  exactly,
  filterOf,
  KERNELS,
  kernelsOf,
  type Numbers,
  numbers,
  SEVERAL,
  tunableOf,
} from "./convolutions.ts";

const TARGETS = await targetsHere();

let device: Device;
beforeAll(async () => {
  device = await requestDevice();
});
afterAll(() => device?.dispose());

interface Run {
  readonly way?: string;
  readonly storage?: Storage;
}

/** The case on the GPU: [n, h, w, out], padding removed. */
async function compute(
  target: Target,
  settings: Case,
  given: Numbers,
  { way, storage }: Run = {},
): Promise<Float32Array<ArrayBuffer>> {
  const { stride, pad, upsample, activation, out } = settings;
  const tuned = new Map(way === undefined ? [] : [[tunableOf(target, settings, storage)?.name ?? "", way]]);
  const bench = new Bench(device, target, storage, tuned);
  const y = conv(bench.graph, bench.map(given.input), filterOf(settings, given), {
    ...(stride ? { stride } : {}),
    ...(pad ? { pad } : {}),
    ...(upsample ? { upsample } : {}),
    ...(activation ? { activation } : {}),
    ...(given.residual ? { residual: bench.map(given.residual, "residual") } : {}),
  });
  if (way) expect(bench.graph.steps.map(({ kernel }) => kernel.name)).toEqual(kernelsOf(target, way));
  const [stored] = await bench.run(y);
  return unpack(stored, out);
}

/** The definition. */
function define({ upsample, kernel, stride = 1, pad = 0, activation = "none" }: Case, given: Numbers): Linear {
  const input = upsample ? double64(given.input) : given.input;
  return conv64(input, { ...given, kernel, stride, pad, activation });
}

/** One definition for all who ask for it. */
const definitions = new Map<string, Linear>();
function definitionOf(settings: Case, given: Numbers, kind: string): Linear {
  const key = `${kind} ${JSON.stringify(settings)}`;
  const known = definitions.get(key) ?? define(settings, given);
  definitions.set(key, known);
  return known;
}

/** Expects an image's bits to be the same alone and in company. */
async function expectOwnBits(target: Target, settings: Case, run?: Run): Promise<void> {
  const given = numbers(settings);
  const together = await compute(target, settings, given, run);
  for (let image = 0; image < given.input.n; image += 1) {
    const residual = given.residual && imageOf(given.residual, image);
    const alone = await compute(target, settings, { ...given, input: imageOf(given.input, image), residual }, run);
    const size = alone.length;
    expect(bitsOf(alone)).toEqual(bitsOf(together.slice(image * size, (image + 1) * size)));
  }
}

describe.each(TARGETS)("on a %s target", (target) => {
  const units = new Map<string, number>();
  const measure = (what: string, actual: Float32Array, expected: Linear): number => {
    const unit = worstUnit(actual, expected);
    units.set(what, Math.max(unit, units.get(what) ?? 0));
    return unit;
  };
  afterAll(() => {
    for (const [name, unit] of units) console.log(`${target}, ${name}: worst error ${unit.toFixed(2)} ε·Σ|terms|`);
  });

  test.each(CASES)("equals the definition: $name", async (settings) => {
    const given = numbers(settings);
    const way = tunableOf(target, settings)?.ways[0] ?? "direct";
    const unit = measure(way, await compute(target, settings, given), definitionOf(settings, given, "f32"));
    expect(unit).toBeLessThan(TOLERANCE);
  });

  test.each(CASES.filter(({ x }) => x[0] === 3))("gives an image the same bits alone: $name", (settings) =>
    expectOwnBits(target, settings),
  );

  const waysOf = (storage: Storage) =>
    SEVERAL.flatMap((settings) =>
      (tunableOf(target, settings, storage)?.ways ?? ["direct 8x16"]).map((way) => ({
        way,
        settings,
        name: settings.name,
      })),
    );
  const several = waysOf("f32");

  test.each(several)("equals the definition: $name by $way", async ({ way, settings }) => {
    const given = numbers(settings);
    const unit = measure(way, await compute(target, settings, given, { way }), definitionOf(settings, given, "f32"));
    expect(unit).toBeLessThan(TOLERANCE);
  });

  // On one tile of each algorithm: where a float16 weight lies follows from its index alone,
  // whatever the tile, and every tile is a pipeline more.
  const algorithm = (way: string) => way.split(" ")[0];
  const halves = waysOf("f16").filter(({ name, way }, at, all) => {
    const first = all.findIndex((other) => other.name === name && algorithm(other.way) === algorithm(way));
    return first === at;
  });
  test.each(halves)("takes float16 weights: $name by $way", async ({ way, settings }) => {
    const given = exactly(numbers(settings));
    const actual = await compute(target, settings, given, { way, storage: "f16" });
    const unit = measure(`${way}, float16`, actual, definitionOf(settings, given, "f16"));
    expect(unit).toBeLessThan(TOLERANCE);
  });

  test.each(several.filter(({ settings }) => settings.x[0] === 3))(
    "gives an image the same bits alone: $name by $way",
    ({ way, settings }) => expectOwnBits(target, settings, { way }),
  );

  test("every algorithm, tile and split has had its turn", () => {
    const turns = new Set(several.flatMap(({ way }) => way.replace(/\/\d+/, "/").split(" ")));
    const lanes = { software4: 4, software8: 8 }[target as string];
    const tiles = Object.entries(TILES).filter(
      ([, { kernel, choices }]) => kernel.name === KERNELS[target] && (choices as { LANES?: number }).LANES === lanes,
    );
    const parts = target === "gpu" ? ["/"] : [];
    const algorithms = ["direct", "taps", "winograd2", "winograd4"];
    expect([...turns].sort()).toEqual([...algorithms, ...tiles.map(([tile]) => tile), ...parts].sort());
  });
});

describe("shapes that do not fit", () => {
  const settings: Case = { name: "", x: [1, 4, 4, 5], out: 3, kernel: 3, pad: 1 };
  const filter = filterOf(settings, numbers(settings));

  test.each<readonly [string, (graph: Graph) => void, RegExp]>([
    ["channels", (graph) => conv(graph, graph.map("x", 1, 4, 4, 6), filter), /"y" takes 5 channels.*"x"/],
    ["stored channels", (graph) => conv(graph, graph.value("x", [1, 4, 4, 5]), filter), /takes 5 channels/],
    [
      "a residual",
      (graph) => {
        const residual = graph.map("r", 1, 4, 5, 3);
        conv(graph, graph.map("x", 1, 4, 4, 5), filter, { pad: 1, residual });
      },
      /"r" \[1,4,5,4\] cannot be added/,
    ],
    [
      "upsampling with a stride",
      (graph) => {
        conv(graph, graph.map("x", 1, 4, 4, 5), filter, { pad: 1, stride: 2, upsample: true });
      },
      /can follow an upsampling/,
    ],
    [
      "a map smaller than the kernel",
      (graph) => conv(graph, graph.map("x", 1, 2, 2, 5), filter),
      /cannot have the shape/,
    ],
  ])("%s", (_, build, message) => {
    expect(() => build(new Graph("gpu"))).toThrow(
      expect.objectContaining({ code: "shape", message: expect.stringMatching(message) }),
    );
  });
});
