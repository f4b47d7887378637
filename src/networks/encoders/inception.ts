// Tests: test/compare/inception.test.ts

import { WeightsError } from "../../errors.ts";
import { conv } from "../../kernels/conv/conv.ts";
import type { Padding, Pair } from "../../kernels/conv/window.ts";
import { poolAverage, poolMax } from "../../kernels/maps/pool.ts";
import { concat } from "../../kernels/maps/resample.ts";
import type { Graph, Value } from "../../runtime/graph.ts";
import { filterOf } from "../filters.ts";
import { type Build, type Lazy, type Network, networkOf } from "../network.ts";
import type { State } from "../state.ts";

/** Edge of its images. */
export const INCEPTION_EDGE = 299;
/** Of its batch norms, which were TensorFlow's. */
const EPSILON = 1e-3;
/** What tells its file: 1008 classes, where torchvision's has 1000. */
const CLASSES = 1008;

/** Whether these are an Inception v3's tensors, with which classes whatever. */
export const isInception = (state: State): boolean => state.has("Mixed_7c.branch1x1.conv.weight");

/**
 * Inception v3 as FIDs are computed with (pytorch-fid's `pt_inception-2015-12-05-*.pth`; Szegedy et
 * al. 2016, "Rethinking the Inception architecture"), from images [n, 299, 299, 3] in [−1, 1] up to
 * its last block; what classifies is left out. Beside torchvision's, the 3×3 average pools leave
 * padding out of their counts, and the last block has a max pool.
 * @throws WeightsError for torchvision's weights, with which distances are others, and naming
 *   every tensor that is missing or of another shape.
 */
export function inception(state: State): Network {
  const classes = state.get("fc.weight")?.shape[0];
  if (classes !== undefined && classes !== CLASSES) {
    throw new WeightsError(
      "weights-shape",
      `This Inception has ${classes} classes: it is torchvision's, and distances by it are no FIDs.`,
      "Use pt_inception-2015-12-05-6726825d.pth, which pytorch-fid publishes.",
    );
  }
  const architecture = {
    name: "Inception v3",
    described: "pytorch-fid's Inception v3",
    ignored: (key: string) => /^fc\.|num_batches_tracked$/.test(key),
    build,
  };
  return networkOf(architecture, state);
}

/** What blocks are written with. */
interface Parts {
  readonly graph: Graph;
  /** A convolution, its batch norm and ReLU. */
  unit(x: Value, key: string, kernel: Pair, about?: { readonly stride?: number; readonly pad?: Padding }): Value;
  /** Units one after the other; each is named, and has its kernel. Padded to keep the extents. */
  chain(x: Value, block: string, units: readonly (readonly [name: string, kernel: Pair])[]): Value;
  /** Side by side in channels. */
  beside(label: string, parts: readonly Value[]): Value;
}

const halving = { size: 3, stride: 2 } as const;
const keeping = { size: 3, stride: 1, pad: 1 } as const;
const ACROSS: Pair = [1, 7];
const DOWN: Pair = [7, 1];

/** Padding that keeps the extents. */
const around = (kernel: Pair): Padding => {
  const [down, across] = typeof kernel === "number" ? [kernel, kernel] : kernel;
  return [(down - 1) / 2, (across - 1) / 2, (down - 1) / 2, (across - 1) / 2];
};

function partsOf({ graph, state }: Pick<Build, "graph" | "state">): Parts {
  const unit: Parts["unit"] = (x, key, kernel, about = {}) => {
    const filter = filterOf(state, `${key}.conv`, `${key}.bn`, { into: x.channels, kernel, epsilon: EPSILON });
    return conv(graph, x, filter, { activation: "relu", ...about });
  };
  return {
    graph,
    unit,
    chain: (x, block, units) =>
      units.reduce((y, [name, kernel]) => unit(y, `${block}.${name}`, kernel, { pad: around(kernel) }), x),
    beside: (label, parts) => concat(graph, label, parts, parts[0]!.shape[1]!, parts[0]!.shape[2]!),
  };
}

function build(given: Build): void {
  const parts = partsOf(given);
  const { graph, unit } = parts;
  let before: Lazy = given.input({
    name: "image",
    height: INCEPTION_EDGE,
    width: INCEPTION_EDGE,
    channels: 3,
  });
  const next = (name: string, make: (x: Value) => Value): void => {
    const x = before;
    before = given.layer(name, () => make(x()));
  };
  next("maxpool1", (x) => {
    const first = unit(unit(x, "Conv2d_1a_3x3", 3, { stride: 2 }), "Conv2d_2a_3x3", 3);
    return poolMax(graph, unit(first, "Conv2d_2b_3x3", 3, { pad: 1 }), halving);
  });
  next("maxpool2", (x) => poolMax(graph, unit(unit(x, "Conv2d_3b_1x1", 1), "Conv2d_4a_3x3", 3), halving));
  for (const block of ["Mixed_5b", "Mixed_5c", "Mixed_5d"]) next(block, (x) => blockA(parts, x, block));
  next("Mixed_6a", (x) => blockB(parts, x, "Mixed_6a"));
  for (const block of ["Mixed_6b", "Mixed_6c", "Mixed_6d", "Mixed_6e"]) next(block, (x) => blockC(parts, x, block));
  next("Mixed_7a", (x) => blockD(parts, x, "Mixed_7a"));
  next("Mixed_7b", (x) => blockE(parts, x, "Mixed_7b", poolAverage(graph, x, keeping)));
  next("Mixed_7c", (x) => blockE(parts, x, "Mixed_7c", poolMax(graph, x, keeping)));
}

function blockA({ graph, chain, beside }: Parts, x: Value, block: string): Value {
  const double = [["branch3x3dbl_1", 1] as const, ["branch3x3dbl_2", 3] as const, ["branch3x3dbl_3", 3] as const];
  return beside(block, [
    chain(x, block, [["branch1x1", 1]]),
    chain(x, block, [
      ["branch5x5_1", 1],
      ["branch5x5_2", 5],
    ]),
    chain(x, block, double),
    chain(poolAverage(graph, x, keeping), block, [["branch_pool", 1]]),
  ]);
}

function blockB({ graph, unit, chain, beside }: Parts, x: Value, block: string): Value {
  const double = chain(x, block, [
    ["branch3x3dbl_1", 1],
    ["branch3x3dbl_2", 3],
  ]);
  return beside(block, [
    unit(x, `${block}.branch3x3`, 3, { stride: 2 }),
    unit(double, `${block}.branch3x3dbl_3`, 3, { stride: 2 }),
    poolMax(graph, x, halving),
  ]);
}

function blockC({ graph, chain, beside }: Parts, x: Value, block: string): Value {
  return beside(block, [
    chain(x, block, [["branch1x1", 1]]),
    chain(x, block, [
      ["branch7x7_1", 1],
      ["branch7x7_2", ACROSS],
      ["branch7x7_3", DOWN],
    ]),
    chain(x, block, [
      ["branch7x7dbl_1", 1],
      ["branch7x7dbl_2", DOWN],
      ["branch7x7dbl_3", ACROSS],
      ["branch7x7dbl_4", DOWN],
      ["branch7x7dbl_5", ACROSS],
    ]),
    chain(poolAverage(graph, x, keeping), block, [["branch_pool", 1]]),
  ]);
}

function blockD({ graph, unit, chain, beside }: Parts, x: Value, block: string): Value {
  const first = chain(x, block, [["branch3x3_1", 1]]);
  const second = chain(x, block, [
    ["branch7x7x3_1", 1],
    ["branch7x7x3_2", ACROSS],
    ["branch7x7x3_3", DOWN],
  ]);
  return beside(block, [
    unit(first, `${block}.branch3x3_2`, 3, { stride: 2 }),
    unit(second, `${block}.branch7x7x3_4`, 3, { stride: 2 }),
    poolMax(graph, x, halving),
  ]);
}

function blockE({ chain, beside }: Parts, x: Value, block: string, pooled: Value): Value {
  const forked = (from: Value, name: string): Value[] => [
    chain(from, block, [[`${name}a`, [1, 3]]]),
    chain(from, block, [[`${name}b`, [3, 1]]]),
  ];
  const single = chain(x, block, [["branch3x3_1", 1]]);
  const double = chain(x, block, [
    ["branch3x3dbl_1", 1],
    ["branch3x3dbl_2", 3],
  ]);
  return beside(block, [
    chain(x, block, [["branch1x1", 1]]),
    ...forked(single, "branch3x3_2"),
    ...forked(double, "branch3x3dbl_3"),
    chain(pooled, block, [["branch_pool", 1]]),
  ]);
}
