import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ShapeError, WeightsError } from "../../../src/errors.ts";
import { normOf } from "../../../src/networks/operations/filter.ts";
import type { State } from "../../../src/networks/state.ts";
import type { Device } from "../../../src/runtime/device.ts";
import { requestDevice } from "../../gpu.ts";
import { reshape64, stack64 } from "../../kernels/maps/layout64.ts";
import {
  at,
  each,
  type Linear,
  type Map64,
  noise,
  noiseMap,
  TOLERANCE,
  worstUnit,
  zeros,
} from "../../kernels/reference.ts";
import { run, type Tensors } from "./bench.ts";

let device: Device;
beforeAll(async () => {
  device = await requestDevice();
});
afterAll(() => device?.dispose());

/** A tensor of noise. */
const tensor = (seed: number, ...shape: number[]): readonly [readonly number[], Float32Array] => [
  shape,
  noise(
    seed,
    shape.reduce((product, extent) => product * extent, 1),
  ),
];

interface Moves {
  readonly stride: readonly [number, number];
  readonly dilation: readonly [number, number];
  readonly groups: number;
  /** [top, left, bottom, right] */
  readonly pad: readonly [number, number, number, number];
  readonly outputPad?: readonly [number, number];
}
type Weight = readonly [readonly number[], ArrayLike<number>];

/** PyTorch's conv2d by its definition. */
function conv64(x: Map64, [shape, weight]: Weight, { stride, dilation, groups, pad }: Moves): Linear {
  const [outChannels, inGroup, kh, kw] = shape as [number, number, number, number];
  const reach = [(kh - 1) * dilation[0] + 1, (kw - 1) * dilation[1] + 1] as const;
  const height = Math.floor((x.height + pad[0] + pad[2] - reach[0]) / stride[0]) + 1;
  const width = Math.floor((x.width + pad[1] + pad[3] - reach[1]) / stride[1]) + 1;
  const y = zeros([x.n, height, width, outChannels]);
  each(y, (i, row, column, o, to) => {
    for (let c = 0; c < inGroup; c += 1) {
      for (let ky = 0; ky < kh; ky += 1) {
        for (let kx = 0; kx < kw; kx += 1) {
          const [down, across] = [
            row * stride[0] + ky * dilation[0] - pad[0],
            column * stride[1] + kx * dilation[1] - pad[1],
          ];
          if (down < 0 || down >= x.height || across < 0 || across >= x.width) continue;
          const channel = Math.floor((o * groups) / outChannels) * inGroup + c;
          const term = x.data[at(x, i, down, across, channel)]! * weight[((o * inGroup + c) * kh + ky) * kw + kx]!;
          y.data[to]! += term;
          y.terms[to]! += Math.abs(term);
        }
      }
    }
  });
  return y;
}

/** PyTorch's conv_transpose2d by its definition: every input is scattered. */
function transposed64(x: Map64, [shape, weight]: Weight, moves: Moves): Linear {
  const { stride, dilation, groups, pad, outputPad = [0, 0] } = moves;
  const [, outGroup, kh, kw] = shape as [number, number, number, number];
  const height = (x.height - 1) * stride[0] - pad[0] - pad[2] + dilation[0] * (kh - 1) + outputPad[0] + 1;
  const width = (x.width - 1) * stride[1] - pad[1] - pad[3] + dilation[1] * (kw - 1) + outputPad[1] + 1;
  const y = zeros([x.n, height, width, outGroup * groups]);
  each(x, (i, row, column, c, from) => {
    const group = Math.floor((c * groups) / x.channels);
    for (let o = 0; o < outGroup; o += 1) {
      for (let ky = 0; ky < kh; ky += 1) {
        for (let kx = 0; kx < kw; kx += 1) {
          const [down, across] = [
            row * stride[0] + ky * dilation[0] - pad[0],
            column * stride[1] + kx * dilation[1] - pad[1],
          ];
          if (down < 0 || down >= height || across < 0 || across >= width) continue;
          const term = x.data[from]! * weight[((c * outGroup + o) * kh + ky) * kw + kx]!;
          const to = at(y, i, down, across, group * outGroup + o);
          y.data[to]! += term;
          y.terms[to]! += Math.abs(term);
        }
      }
    }
  });
  return y;
}

/** Of every channel its own number added, and the result through a function. */
const biased = (y: Linear, bias: ArrayLike<number>, fn = (v: number) => v): Linear => ({
  ...y,
  data: y.data.map((v, index) => fn(v + bias[index % y.channels]!)),
  terms: y.terms.map((v, index) => v + Math.abs(bias[index % y.channels]!)),
});

const NORM: Tensors = {
  "bn.weight": tensor(11, 6),
  "bn.bias": tensor(12, 6),
  "bn.running_mean": tensor(13, 6),
  "bn.running_var": [[6], noise(14, 6).map((v) => v + 1.25)],
};
/** A batch norm's factors and addends. */
function norm64(eps: number) {
  const [gamma, beta, mean, variance] = ["weight", "bias", "running_mean", "running_var"].map(
    (name) => NORM[`bn.${name}`]![1],
  ) as [Float32Array, Float32Array, Float32Array, Float32Array];
  const scale = Array.from(gamma, (g, c) => g / Math.sqrt(variance[c]! + eps));
  return { scale, shift: scale.map((s, c) => beta[c]! - mean[c]! * s) };
}
const normed = (y: Linear, { scale, shift }: { scale: readonly number[]; shift: readonly number[] }): Linear => ({
  ...y,
  data: y.data.map((v, index) => v * scale[index % y.channels]! + shift[index % y.channels]!),
  terms: y.terms.map((v, index) => v * Math.abs(scale[index % y.channels]!) + Math.abs(shift[index % y.channels]!) + 1),
});

const PLAIN: Moves = { stride: [1, 1], dilation: [1, 1], groups: 1, pad: [0, 0, 0, 0] };
const expectLinear = (data: Float32Array, expected: Linear): void =>
  expect(worstUnit(data, expected)).toBeLessThan(TOLERANCE);

describe("conv", () => {
  const x = noiseMap(1, [2, 9, 7, 8]);

  it.each<readonly [Readonly<Record<string, unknown>>, readonly number[], Partial<Moves>]>([
    [{}, [6, 8, 3, 3], {}],
    [{ stride: 2, pad: 1 }, [6, 8, 3, 3], { stride: [2, 2], pad: [1, 1, 1, 1] }],
    [
      { stride: [2, 1], dilation: [1, 2], pad: [2, 0, 1, 3] },
      [6, 8, 2, 3],
      { stride: [2, 1], dilation: [1, 2], pad: [2, 0, 1, 3] },
    ],
    [{ groups: 2, pad: 1 }, [6, 4, 3, 3], { groups: 2, pad: [1, 1, 1, 1] }],
    [{ groups: 8, pad: "same" }, [8, 1, 3, 3], { groups: 8, pad: [1, 1, 1, 1] }],
  ])("%j with a weight [%j] is its definition", async (fields, shape, moves) => {
    const tensors = { w: tensor(2, ...shape), b: tensor(3, shape[0]!) };
    const { data } = await run(device, [{ op: "conv", weight: "w", bias: "b", ...fields }], { input: x }, tensors);
    expectLinear(data, biased(conv64(x, tensors.w, { ...PLAIN, ...moves }), tensors.b[1]));
  });

  it("has no bias unless it is named, whatever there is in the file", async () => {
    const tensors = { "f.weight": tensor(2, 6, 8, 1, 1), "f.bias": tensor(3, 6) };
    const expected = conv64(x, tensors["f.weight"], PLAIN);
    for (const names of [{ weight: "f.weight" }, { weight: "f.weight", bias: null }]) {
      expectLinear((await run(device, [{ op: "conv", ...names }], { input: x }, tensors)).data, expected);
    }
    const { data } = await run(device, [{ op: "conv", filter: "f" }], { input: x }, tensors);
    expectLinear(data, biased(expected, tensors["f.bias"][1]));
  });

  it.each([[{ weight: "f.weight", bias: "f.bias" }], [{ filter: "f" }]])(
    "of %j takes a batch norm in, and an activation behind it",
    async (names) => {
      const tensors = { "f.weight": tensor(2, 6, 8, 3, 3), "f.bias": tensor(3, 6), ...NORM };
      const steps = [{ op: "conv", ...names, norm: { name: "bn", eps: 0.8 }, pad: 1, activation: "relu" }];
      const { data } = await run(device, steps, { input: x }, tensors);
      const plain = biased(conv64(x, tensors["f.weight"], { ...PLAIN, pad: [1, 1, 1, 1] }), tensors["f.bias"][1]);
      const expected = normed(plain, norm64(0.8));
      expectLinear(data, { ...expected, data: expected.data.map((v) => Math.max(v, 0)) });
    },
  );

  it.each([1, 3])("of %i taps upsamples first", async (kernel) => {
    const tensors = { w: tensor(2, 6, 8, kernel, kernel) };
    const pad = (kernel - 1) / 2;
    const steps = [{ op: "conv", weight: "w", upsample: true, pad }];
    const { data } = await run(device, steps, { input: x }, tensors);
    const twice = zeros([2, 18, 14, 8]);
    each(twice, (i, row, column, c, to) => {
      twice.data[to] = x.data[at(x, i, row >> 1, column >> 1, c)]!;
    });
    expectLinear(data, conv64(twice, tensors.w, { ...PLAIN, pad: [pad, pad, pad, pad] }));
  });

  it.each<readonly [Readonly<Record<string, unknown>>, string, new (...args: never[]) => Error]>([
    [{}, '"step 0" has no weights', ShapeError],
    [{ weight: "w", filter: "f" }, '"step 0" has two weights', ShapeError],
    [{ weight: "w" }, '"w" is [6,5,3,3], not [any,8,any,any]', WeightsError],
    [{ weight: "flat" }, '"flat" is [6,8] and no filter', WeightsError],
    [{ weight: "gone" }, '"gone" is missing', WeightsError],
    [{ weight: "right", bias: "flat" }, '"flat" is [6,8], not [6]', WeightsError],
    [{ weight: "right", norm: { name: "right" } }, '"right.running_mean" is missing', WeightsError],
  ])("%j is refused", async (fields, message, kind) => {
    const tensors = { w: tensor(2, 6, 5, 3, 3), right: tensor(2, 6, 8, 3, 3), flat: tensor(3, 6, 8) };
    const running = run(device, [{ op: "conv", ...fields }], { input: x }, tensors);
    await expect(running).rejects.toThrow(kind);
    await expect(running).rejects.toThrow(message);
  });
});

describe("convTranspose", () => {
  it.each<readonly [Readonly<Record<string, unknown>>, readonly number[], Partial<Moves>]>([
    [{ stride: 2, pad: 1 }, [8, 5, 4, 4], { stride: [2, 2], pad: [1, 1, 1, 1] }],
    [{}, [8, 6, 4, 4], {}],
    [
      { stride: [3, 2], pad: [1, 0, 2, 1], dilation: [1, 2], outputPad: [1, 0] },
      [8, 6, 3, 2],
      { stride: [3, 2], pad: [1, 0, 2, 1], dilation: [1, 2], outputPad: [1, 0] },
    ],
    [{ groups: 4, stride: 2 }, [8, 2, 3, 3], { groups: 4, stride: [2, 2] }],
  ])("%j with a weight [%j] is its definition", async (fields, shape, moves) => {
    const x = noiseMap(4, [2, 3, 4, 8]);
    const tensors = { w: tensor(5, ...shape), b: tensor(6, shape[1]! * (moves.groups ?? 1)) };
    const steps = [{ op: "convTranspose", weight: "w", bias: "b", ...fields }];
    const { data } = await run(device, steps, { input: x }, tensors);
    expectLinear(data, biased(transposed64(x, tensors.w, { ...PLAIN, ...moves }), tensors.b[1]));
  });

  it("takes a batch norm in", async () => {
    const x = noiseMap(4, [2, 1, 1, 10]);
    const tensors = { w: tensor(5, 10, 6, 4, 4), ...NORM };
    const steps = [{ op: "convTranspose", weight: "w", norm: { name: "bn" }, activation: "leaky" }];
    const { data } = await run(device, steps, { input: x }, tensors);
    const expected = normed(transposed64(x, tensors.w, PLAIN), norm64(1e-5));
    expectLinear(data, { ...expected, data: expected.data.map((v) => (v < 0 ? 0.2 * v : v)) });
  });
});

describe("linear", () => {
  it("reads a map row by row of channel by channel", async () => {
    const x = noiseMap(7, [2, 2, 3, 5]);
    const tensors = { w: tensor(8, 7, 30), b: tensor(9, 7) };
    const { data } = await run(device, [{ op: "linear", weight: "w", bias: "b" }], { input: x }, tensors);
    const filter = [[7, 30, 1, 1], tensors.w[1]] as const;
    expectLinear(data, biased(conv64(reshape64(x, [30, 1, 1]), filter, PLAIN), tensors.b[1]));
  });

  it("needs a matrix of as many columns", async () => {
    const x = noiseMap(7, [2, 2, 3, 5]);
    const tensors = { w: tensor(8, 7, 29), f: tensor(8, 7, 30, 1, 1) };
    await expect(run(device, [{ op: "linear", weight: "w" }], { input: x }, tensors)).rejects.toThrow(
      '"w" is [7,29], not [any,30]',
    );
    await expect(run(device, [{ op: "linear", weight: "f" }], { input: x }, tensors)).rejects.toThrow(/and no matrix/);
  });
});

describe("batchNorm", () => {
  const x = noiseMap(10, [2, 3, 4, 6]);
  const exact: Linear = { ...x, terms: x.data.map(Math.abs) };

  it.each<readonly [Readonly<Record<string, unknown>>, number]>([
    [{ name: "bn" }, 1e-5],
    [{ name: "bn", eps: 0.8 }, 0.8],
    [{ mean: "bn.running_mean", variance: "bn.running_var", weight: "bn.weight", bias: "bn.bias", eps: 0.1 }, 0.1],
  ])("%j is its definition", async (fields, eps) => {
    const { data } = await run(device, [{ op: "batchNorm", ...fields }], { input: x }, NORM);
    expectLinear(data, normed(exact, norm64(eps)));
  });

  it("without weight and bias has none", async () => {
    const { "bn.running_mean": mean, "bn.running_var": variance } = NORM;
    const tensors = { "bn.running_mean": mean!, "bn.running_var": variance! };
    const { data } = await run(device, [{ op: "batchNorm", name: "bn" }], { input: x }, tensors);
    const scale = Array.from(variance![1], (v) => 1 / Math.sqrt(v + 1e-5));
    expectLinear(data, normed(exact, { scale, shift: scale.map((s, c) => -mean![1][c]! * s) }));
  });

  it("needs statistics of as many channels", async () => {
    await expect(run(device, [{ op: "batchNorm" }], { input: x }, NORM)).rejects.toThrow(/"step 0" has no statistics/);
    const five = noiseMap(10, [2, 3, 4, 5]);
    await expect(run(device, [{ op: "batchNorm", name: "bn" }], { input: five }, NORM)).rejects.toThrow(WeightsError);
  });
});

describe("embedding", () => {
  const classes = [2, 0];
  const label = zeros([2, 1, 1, 3]);
  classes.forEach((index, image) => {
    label.data[3 * image + index] = 1;
  });
  const tensors = { table: tensor(15, 3, 5) };
  const rows: Map64 = {
    ...{ n: 2, height: 1, width: 1, channels: 5 },
    data: Float64Array.from(classes.flatMap((index) => [...tensors.table[1].subarray(5 * index, 5 * index + 5)])),
  };
  const z = noiseMap(16, [2, 1, 1, 6]);

  it("is the row of the class", async () => {
    const { data } = await run(device, [{ op: "embedding", table: "table" }], { label }, tensors);
    expect(worstUnit(data, { ...rows, terms: rows.data })).toBe(0);
  });

  it.each([
    ["z,label", [z, rows]],
    ["label,z", [rows, z]],
  ] as const)("stands beside z in the order %s", async (order, parts) => {
    const steps = [{ op: "concatEmbedding", table: "table", order }];
    const { data } = await run(device, steps, { z, label }, tensors);
    expect(worstUnit(data, stack64(parts, "c"))).toBe(0);
  });

  it("needs classes", async () => {
    const running = run(device, [{ op: "concatEmbedding", table: "table" }], { z }, tensors);
    await expect(running).rejects.toThrow('The network has no input "label"');
  });
});

it("a batch norm is told from one of another variance", () => {
  const state = new Map(["m", "v", "u"].map((name) => [name, { shape: [4] }])) as unknown as State;
  const labels = ["v", "u"].map((variance) => normOf(state, { mean: "m", variance }, 4).label);
  expect(labels[0]).not.toBe(labels[1]);
});
