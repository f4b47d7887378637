import type { Attributes } from "../../weights/tensor.ts";
import type { Operation } from "../operations.ts";
import type { State } from "../state.ts";

// Tests: test/networks/generators/module-tree.test.ts

/** One module that does something: what it is, and what its object says. */
export interface Leaf {
  /** Where it is in the tree, "main.0", which is before the names of its tensors too. */
  readonly path: string;
  /** Without the package: "ConvTranspose2d". */
  readonly kind: string;
  /** A number or word of its own; undefined where the file has none. */
  get(name: string): ReturnType<Attributes["get"]>;
  /** What it says of rows and of columns. */
  pair(name: string): readonly [number, number] | undefined;
}

/** [channels, rows, columns] so far. */
export type Shape = readonly [channels: number, height: number, width: number];

/** What a module does to what there is so far. */
export interface Step {
  readonly operations: readonly Bare[];
  readonly shape: Shape;
}
/** An operation on the result before it. */
export type Bare = Operation extends infer O ? (O extends Operation ? Omit<O, "x" | "to"> : never) : never;

/**
 * What a module of PyTorch's does to [c, h, w], by the name of its class; undefined where the file
 * does not say, or it does what no operation here does.
 */
type Rule = (leaf: Leaf, shape: Shape, tensors: State) => Step | undefined;

const named = ({ path }: Leaf, tensor: string): string => (path === "" ? tensor : `${path}.${tensor}`);
const optionally = (leaf: Leaf, tensor: string, tensors: State): { readonly bias?: string } =>
  tensors.has(named(leaf, tensor)) ? { bias: named(leaf, tensor) } : {};

/** What both kinds of convolution were made with. */
function windowOf(leaf: Leaf, tensors: State) {
  const weight = named(leaf, "weight");
  const kernel = tensors.get(weight)?.shape.slice(2);
  const [stride, padding, dilation] = [leaf.pair("stride"), leaf.pair("padding"), leaf.pair("dilation")];
  const [outputPad, out, groups] = [leaf.pair("output_padding"), leaf.get("out_channels"), leaf.get("groups")];
  const known = stride && padding && dilation && outputPad && typeof out === "number" && typeof groups === "number";
  if (!known || kernel?.length !== 2 || (leaf.get("padding_mode") ?? "zeros") !== "zeros") return undefined;
  const pad = [padding[0], padding[1], padding[0], padding[1]] as const;
  const names = { weight, ...optionally(leaf, "bias", tensors) };
  return { kernel, padding, outputPad, out, fields: { ...names, stride, pad, dilation, groups } };
}

const convTranspose: Rule = (leaf, [, ...extents], tensors) => {
  const found = windowOf(leaf, tensors);
  if (!found) return undefined;
  const { kernel, padding, outputPad, out, fields } = found;
  const [height = 0, width = 0] = extents.map(
    (extent, i) =>
      (extent - 1) * fields.stride[i]! - 2 * padding[i]! + fields.dilation[i]! * (kernel[i]! - 1) + outputPad[i]! + 1,
  );
  return { operations: [{ op: "convTranspose", ...fields, outputPad }], shape: [out, height, width] };
};

const conv: Rule = (leaf, [, ...extents], tensors) => {
  const found = windowOf(leaf, tensors);
  if (!found) return undefined;
  const { kernel, padding, out, fields } = found;
  const [height = 0, width = 0] = extents.map((extent, i) => {
    const reach = fields.dilation[i]! * (kernel[i]! - 1);
    return Math.floor((extent + 2 * padding[i]! - reach - 1) / fields.stride[i]!) + 1;
  });
  return { operations: [{ op: "conv", ...fields }], shape: [out, height, width] };
};

const linear: Rule = (leaf, _shape, tensors) => {
  const out = leaf.get("out_features");
  if (typeof out !== "number") return undefined;
  const names = { weight: named(leaf, "weight"), ...optionally(leaf, "bias", tensors) };
  return { operations: [{ op: "linear", ...names }], shape: [out, 1, 1] };
};

/** Its running statistics; without any it would normalise by the batch. */
const batchNorm: Rule = (leaf, shape, tensors) => {
  const eps = leaf.get("eps");
  if (typeof eps !== "number" || !tensors.has(named(leaf, "running_mean"))) return undefined;
  return { operations: [{ op: "batchNorm", name: leaf.path, eps }], shape };
};

/** Of whole factors, as more than that differs between versions. */
const upsample: Rule = (leaf, [channels, height, width]) => {
  const factor = leaf.pair("scale_factor");
  const mode = leaf.get("mode");
  if (!factor?.every((each) => Number.isInteger(each) && each > 0)) return undefined;
  const extents = { height: factor[0] * height, width: factor[1] * width };
  const how: Readonly<Record<string, Bare>> = {
    nearest: { op: "resample", ...extents, mode: "nearest", coordinates: "asymmetric", nearest: "floor" },
    bilinear: {
      op: "resample",
      ...extents,
      mode: "linear",
      coordinates: leaf.get("align_corners") === true ? "align_corners" : "half_pixel",
    },
  };
  const twice = mode === "nearest" && factor.every((each) => each === 2);
  const operation: Bare | undefined = twice ? { op: "upsampleNearest2" } : how[String(mode)];
  return operation && { operations: [operation], shape: [channels, extents.height, extents.width] };
};

const shuffle: Rule = (leaf, [channels, height, width]) => {
  const block = leaf.get("upscale_factor");
  if (typeof block !== "number") return undefined;
  return {
    operations: [{ op: "depthToSpace", block, mode: "CRD" }],
    shape: [channels / block ** 2, height * block, width * block],
  };
};

const unflatten: Rule = (leaf) => {
  const [channels, height, width] = [0, 1, 2].map((axis) => leaf.get(`unflattened_size.${axis}`));
  if (typeof channels !== "number" || typeof height !== "number" || typeof width !== "number") return undefined;
  const shape = [channels, height, width] as const;
  return { operations: [{ op: "reshape", shape }], shape };
};

/** Number by number; some with a number of its own, which the file says. */
const pointwise =
  (operation: Bare, slope?: readonly [field: string, attribute: string]): Rule =>
  (leaf, shape) => {
    if (!slope) return { operations: [operation], shape };
    const value = leaf.get(slope[1]);
    return typeof value === "number" ? { operations: [{ ...operation, [slope[0]]: value }], shape } : undefined;
  };

/** The modules that are known, in alphabetical order. */
export const RULES: Readonly<Record<string, Rule>> = {
  BatchNorm1d: batchNorm,
  BatchNorm2d: batchNorm,
  Conv2d: conv,
  ConvTranspose2d: convTranspose,
  ELU: pointwise({ op: "elu" }, ["alpha", "alpha"]),
  LeakyReLU: pointwise({ op: "leakyRelu" }, ["slope", "negative_slope"]),
  Linear: linear,
  Mish: pointwise({ op: "mish" }),
  PixelShuffle: shuffle,
  ReLU: pointwise({ op: "relu" }),
  ReLU6: pointwise({ op: "relu6" }),
  SELU: pointwise({ op: "selu" }),
  Sigmoid: pointwise({ op: "sigmoid" }),
  SiLU: pointwise({ op: "silu" }),
  Tanh: pointwise({ op: "tanh" }),
  Unflatten: unflatten,
  Upsample: upsample,
  UpsamplingNearest2d: upsample,
};
