import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { adam, pool, weigh } from "../../../src/kernels/edit/causality.ts";
import type { Device } from "../../../src/runtime/device.ts";
import { Graph } from "../../../src/runtime/graph.ts";
import { Plan } from "../../../src/runtime/plan.ts";
import { Tensor } from "../../../src/runtime/tensor.ts";
import { requestDevice } from "../../gpu.ts";
import { EPSILON, noise, TOLERANCE } from "../reference.ts";

let device: Device;
beforeAll(async () => {
  device = await requestDevice();
});
afterAll(() => device?.dispose());

describe("adaptive average pooling", () => {
  test.each([
    [16, 12, 4, 4],
    [7, 9, 3, 5],
    [3, 2, 5, 4],
    [8, 8, 1, 1],
  ])("of %i × %i to %i × %i cells, of what is valid, at its place", async (height, width, high, wide) => {
    const [images, rows, row, valid] = [3, 5, 2, 2];
    const graph = new Graph(device.target);
    const values = {
      x: graph.value("x", [images, height, width]),
      batch: graph.value("batch", [2], "u32"),
      cells: graph.value("cells", [rows, high, wide]),
    };
    pool(graph, values.x, values.batch, values.cells);
    const plan = await Plan.compile(device, graph, { keep: [values.cells] });
    const x = noise(1, images * height * width);
    plan.tensor(values.x).write(x);
    plan.tensor<"u32">(values.batch).write(Uint32Array.of(row, valid));
    plan.run();
    const actual = await plan.tensor(values.cells).read();
    plan.dispose();
    for (let i = 0; i < rows; i += 1) {
      for (let cell = 0; cell < high * wide; cell += 1) {
        const found = actual[i * high * wide + cell]!;
        if (i < row || i >= row + valid) {
          expect(found).toBe(0);
          continue;
        }
        // PyTorch's bins: ⌊r h / H⌋ to ⌈(r + 1) h / H⌉.
        const [r, c] = [Math.floor(cell / wide), cell % wide];
        const terms: number[] = [];
        for (let v = Math.floor((r * height) / high); v < Math.ceil(((r + 1) * height) / high); v += 1) {
          for (let u = Math.floor((c * width) / wide); u < Math.ceil(((c + 1) * width) / wide); u += 1) {
            terms.push(x[((i - row) * height + v) * width + u]!);
          }
        }
        const mean = terms.reduce((sum, term) => sum + term, 0) / terms.length;
        const size = terms.reduce((sum, term) => sum + Math.abs(term), 0) / terms.length;
        expect(Math.abs(found - mean)).toBeLessThan(TOLERANCE * EPSILON * size);
      }
    }
  });
});

test("scores weigh activations of what is valid, over many batches", async () => {
  const [images, height, width, units, batches] = [4, 3, 2, 8, 40];
  const cells = height * width;
  const graph = new Graph(device.target);
  const values = {
    x: graph.map("x", images, height, width, units),
    scores: graph.value("scores", [batches * images, cells]),
    batch: graph.value("batch", [2], "u32"),
    sums: graph.value("sums", [units, 2]),
  };
  weigh(graph, values.x, values.scores, values.batch, values.sums);
  const plan = await Plan.compile(device, graph, { keep: [values.sums] });
  const scores = noise(2, batches * images * cells);
  plan.tensor(values.scores).write(scores);
  const expected = new Float64Array(units);
  const terms = new Float64Array(units);
  for (let b = 0; b < batches; b += 1) {
    const x = noise(10 + b, images * cells * units);
    const valid = b === batches - 1 ? 1 : images;
    plan.tensor(values.x).write(x);
    plan.tensor<"u32">(values.batch).write(Uint32Array.of(b * images, valid));
    plan.run();
    for (let at = 0; at < valid * cells * units; at += 1) {
      const term = x[at]! * scores[b * images * cells + Math.floor(at / units)]!;
      expected[at % units]! += term;
      terms[at % units]! += Math.abs(term);
    }
  }
  const sums = await plan.tensor(values.sums).read();
  plan.dispose();
  expected.forEach((sum, unit) => {
    expect(Math.abs(sums[2 * unit]! + sums[2 * unit + 1]! - sum)).toBeLessThan(TOLERANCE * EPSILON * terms[unit]!);
  });
});

test("Adam's steps are PyTorch's, whether the gradient comes in one part or in several", async () => {
  interface Golden {
    readonly start: number[];
    readonly gradients: number[][];
    readonly after: Record<string, number[]>;
  }
  const path = new URL("../../golden/adam.json", import.meta.url);
  const { start, gradients, after } = JSON.parse(readFileSync(path, "utf8")) as Golden;
  const units = start.length;
  for (const parts of [1, 4]) {
    const graph = new Graph(device.target);
    const values = {
      gradient: graph.value("gradient", [parts, units]),
      moments: graph.value("moments", [units, 4]),
      alpha: graph.value("alpha", [units]),
    };
    adam(graph, values, { rate: 0.01, decay: 2 * 0.005 * 20 });
    const alpha = Tensor.from(device, "alpha", [units], "f32", Float32Array.from(start));
    const plan = await Plan.compile(device, graph, { bind: [[values.alpha, alpha]] });
    for (const [index, gradient] of gradients.entries()) {
      const split = Float32Array.from({ length: parts * units }, (_, at) => gradient[at % units]! / parts);
      plan.tensor(values.gradient).write(split);
      plan.run();
      const golden = after[index + 1];
      if (!golden) continue;
      const found = await alpha.read();
      golden.forEach((value, unit) => {
        expect(Math.abs(found[unit]! - value)).toBeLessThan(2e-6);
      });
    }
    plan.dispose();
    alpha.dispose();
  }
});
