import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { denseEdit, stroke } from "../../../src/kernels/edit/dense.ts";
import type { Device } from "../../../src/runtime/device.ts";
import { Graph } from "../../../src/runtime/graph.ts";
import { Plan } from "../../../src/runtime/plan.ts";
import { requestDevice } from "../../gpu.ts";
import { Bench, each, noise, noiseMap, TOLERANCE, unpack, worstUnit, zeros } from "../reference.ts";

let device: Device;
beforeAll(async () => {
  device = await requestDevice();
});
afterAll(() => device?.dispose());

/** Two images of 3 × 4 pixels and 5 units, stored as 8. */
const SHAPE = [2, 3, 4, 5] as const;
const PIXELS = 12;
const STORED = 8;
const x = noiseMap(16, SHAPE);
/** [c] of the units, padded. */
const row = (seed: number, of: (v: number) => number) =>
  Float32Array.from({ length: STORED }, (_, c) => (c < 5 ? of(noise(seed + c, 1)[0]!) : 0));
/** 0…1, with exact zeros and ones. */
const share = (v: number): number => Math.min(1, Math.max(0, 1.4 * Math.abs(v) - 0.2));

/**
 * Six strokes that overlap, the fourth of which copies, the last but one of all, the last of none.
 */
const STROKES = Array.from({ length: 6 }, (_, s) => ({
  alpha: s === 4 ? new Float32Array(STORED).fill(1, 0, 5) : row(20 + 10 * s, share),
  value: s === 3 ? new Float32Array(STORED) : row(100 + 10 * s, (v) => 8 * v),
  mask: Float32Array.from(noise(200 + s, PIXELS), (v, p) => (s === 5 ? 0 : s === 4 ? Number(p > 8) : share(v))),
  source:
    s === 3 ? noise(300, PIXELS * STORED).map((v, at) => (at % STORED < 5 ? v : 0)) : new Float32Array(PIXELS * STORED),
}));

/** The compositions [2, h, w, c] of the first strokes, one by one. */
async function composed(strokes: typeof STROKES): Promise<Float32Array<ArrayBuffer>> {
  const graph = new Graph(device.target);
  const values = stroke(graph, "layer", [3, 4, STORED]);
  const plan = await Plan.compile(device, graph, { keep: [values.after] });
  const before = plan.tensor(values.before);
  before.write(new Float32Array(2 * PIXELS * STORED).fill(1, 0, PIXELS * STORED));
  for (const [index, one] of strokes.entries()) {
    if (index > 0) plan.tensor(values.after).copyTo(before);
    for (const name of ["alpha", "value", "mask", "source"] as const) plan.tensor(values[name]).write(one[name]);
    plan.run();
  }
  const result = await (strokes.length > 0 ? plan.tensor(values.after) : before).read();
  plan.dispose();
  return result;
}

async function edited(strokes: typeof STROKES) {
  const bench = new Bench(device);
  const values = denseEdit(bench.graph, bench.map(x));
  bench.give(values.composed, await composed(strokes));
  const [stored] = await bench.run(values.y);
  return stored;
}

describe("strokes composed one by one", () => {
  // Published: α = 1 − (1 − α₁)(1 − α₂), v = (v₁ α₁ (1 − α₂) + v₂ α₂) / α, pair by pair, and then
  // x (1 − α) + v α (netdissect's interventions; spec §6.2).
  test.each([0, 1, 2, 4, 5, 6])("of number %i are the published composition", async (count) => {
    const strokes = STROKES.slice(0, count);
    const got = unpack(await edited(strokes), 5);
    const expected = zeros(SHAPE);
    each(expected, (_, y, column, c, index) => {
      const p = y * 4 + column;
      let alpha = 0;
      let v = 0;
      let terms = 0;
      for (const one of strokes) {
        const a = one.alpha[c]! * one.mask[p]!;
        const next = one.value[c]! + one.source[p * STORED + c]!;
        const both = 1 - (1 - alpha) * (1 - a);
        v = both === 0 ? 0 : (v * alpha * (1 - a) + next * a) / both;
        terms = terms * (1 - a) + Math.abs(next * a);
        alpha = both;
      }
      expected.data[index] = x.data[index]! * (1 - alpha) + v * alpha;
      expected.terms[index] = Math.abs(x.data[index]!) * (1 - alpha) + terms;
    });
    expect(worstUnit(got, expected)).toBeLessThan(TOLERANCE);
    each(x, (_, y, column, c, index) => {
      const parts = strokes.map(({ alpha, mask }) => alpha[c]! * mask[y * 4 + column]!);
      if (parts.every((a) => a === 0)) expect(got[index]).toBe(x.data[index]);
      const last = strokes.at(-1);
      const put = last && Math.fround(last.value[c]! + last.source[(y * 4 + column) * STORED + c]!);
      if (parts.at(-1) === 1) expect(got[index]).toBe(put);
    });
  });

  test("leave padding zero", async () => {
    const stored = await edited(STROKES);
    expect([...stored!].filter((_, at) => at % STORED >= 5).every((v) => v === 0)).toBe(true);
  });
});
