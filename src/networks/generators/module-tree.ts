import type { Attributes } from "../../weights/tensor.ts";
import type { Description } from "../description.ts";
import type { Operation } from "../operations.ts";
import type { State } from "../state.ts";
import { type Bare, type Leaf, RULES, type Shape } from "./module-rules.ts";

// Tests: test/networks/generators/module-tree.test.ts

/** What is read off a tree of modules, or why it cannot be. */
export type Read =
  | { readonly description: Description; readonly assumed: readonly string[] }
  | { readonly unknown: string };

/** In which nothing happens that its parts do not do, in their order. */
const ORDERED: readonly string[] = ["Sequential", "DataParallel", "DistributedDataParallel"];
/** What does nothing to an image once training is over. */
const IDLE: readonly string[] = ["Identity", "Dropout", "Dropout1d", "Dropout2d", "Dropout3d", "AlphaDropout"];
/** What a DCGAN is made of, so that its order can be guessed. */
const PLAIN: readonly string[] = ["ConvTranspose2d", "BatchNorm2d", "ReLU", "Tanh"];
const PACKAGE = "torch.nn.";
const CLASS = "__class__";

/**
 * A generator that was saved as a whole, `torch.save(model)`: its modules in their order, and what
 * each was made with: strides, paddings, eps, slopes. (A momentum is for training only.) All must
 * be in Sequentials; these are taken to be called in the order in which they were made. Undefined
 * for a file that has no modules, or none that say how they were made (TorchScript has it in code),
 * and for a DCGAN's own whose order is in code.
 */
export function moduleTreeOf(tensors: State, attributes: Attributes): Read | undefined {
  const classes = classesOf(attributes);
  const { leaves, boxes } = partsOf(classes, attributes);
  const made = leaves.filter(({ kind }) => !IDLE.includes(kind));
  const [first] = made;
  const z = first?.get(first.kind === "Linear" ? "in_features" : "in_channels");
  if (!first || typeof z !== "number") return undefined;
  if (first.kind === "Conv2d") return { unknown: "they begin with a convolution, as a discriminator's do" };
  const coded = codedOrder(made, classes);
  if (coded !== undefined) {
    const isPlain = made.every(({ kind }) => PLAIN.includes(kind));
    return isPlain ? undefined : { unknown: `their order is in the code of ${coded}, not in the file` };
  }
  const foreign = made.find(({ kind }) => !Object.hasOwn(RULES, kind));
  if (foreign) return { unknown: `among them is a ${classes.get(foreign.path)} ("${foreign.path}")` };
  const assumed = boxes
    .filter((name) => !ORDERED.includes(lastOf(name)))
    .map((name) => `${name} calls its parts once each, in the order in which they were made`);
  const operations: Operation[] = [];
  let shape: Shape = [z, 1, 1];
  const add = (steps: readonly Bare[]): void => {
    for (const step of steps) {
      const x = operations.at(-1)?.to ?? "z";
      operations.push({ ...step, x, to: `r${operations.length}` } as Operation);
    }
  };
  let hidden = 0;
  for (const [index, leaf] of made.entries()) {
    const opened = openedFor(made, index, shape);
    if (opened) {
      add([{ op: "reshape", shape: opened }]);
      assumed.push(`${made[index - 1]!.path} makes [${opened}] of its ${shape[0]} numbers`);
      shape = opened;
    }
    const step = RULES[leaf.kind]!(leaf, shape, tensors);
    if (step === undefined) return { unknown: `what the ${leaf.kind} "${leaf.path}" does is not in the file` };
    if (!step.shape.every((extent) => Number.isInteger(extent) && extent > 0)) {
      return { unknown: `the ${leaf.kind} "${leaf.path}" would make [${step.shape.join(", ")}]` };
    }
    shape = step.shape;
    const last = index === made.length - 1;
    const fn = last ? ENDS[leaf.kind] : undefined;
    if (fn !== undefined) add([{ op: "output", fn }]);
    else add(step.operations);
    if (!last && isActivation(leaf.kind) && shape[1] * shape[2] > 1) {
      hidden += 1;
      add([{ op: "layer", name: `layer${hidden}` }]);
    }
  }
  if (![1, 3, 4].includes(shape[0]) || shape[1] * shape[2] === 1) {
    return { unknown: `what they make, [${shape.join(", ")}], is no picture` };
  }
  const end = ENDS[made.at(-1)!.kind];
  if (end === undefined) {
    add([{ op: "output", fn: "none" }]);
    assumed.push("its images are of the range −1…1");
  }
  const range = end === "sigmoid" ? "0..1" : "-1..1";
  const architecture = `${lastOf(classes.get("") ?? "Sequential")}, by its modules`;
  return { description: { architecture, z, image: shape, range, operations }, assumed };
}

/** At the end they say what range the image has. */
const ENDS: Readonly<Record<string, "tanh" | "sigmoid">> = { Tanh: "tanh", Sigmoid: "sigmoid" };
const isActivation = (kind: string): boolean => /LU6?$|^Tanh$|^Sigmoid$|^Mish$|^Softplus$/.test(kind);
const lastOf = (name: string): string => name.slice(name.lastIndexOf(".") + 1);

/** The class of every module, by where it is; "" is the whole. */
function classesOf(attributes: Attributes): Map<string, string> {
  const found = new Map<string, string>();
  for (const [name, value] of attributes) {
    if (name !== CLASS && !name.endsWith(`.${CLASS}`)) continue;
    if (typeof value === "string") found.set(name.slice(0, -CLASS.length).replace(/\.$/, ""), value);
  }
  return found;
}

/**
 * The class that calls a module by code of its own, so that its place and its number are unknown.
 */
function codedOrder(leaves: readonly Leaf[], classes: ReadonlyMap<string, string>): string | undefined {
  const holders = leaves
    .filter(({ path }) => path !== "")
    .map(({ path }) => classes.get(parentOf(path)) ?? "the model");
  return holders.find((name) => !ORDERED.includes(lastOf(name)));
}

const parentOf = (path: string): string => path.slice(0, Math.max(0, path.lastIndexOf(".")));

/** Modules without modules, in the tree's order, and the classes of those with some. */
function partsOf(classes: ReadonlyMap<string, string>, attributes: Attributes) {
  const holders = new Set<string>();
  for (const path of classes.keys()) {
    for (let at = path; at !== ""; holders.add(at)) at = parentOf(at);
  }
  const boxes = [...classes].filter(([path]) => holders.has(path)).map(([, name]) => name);
  const leaves = [...classes]
    .filter(([path]) => !holders.has(path))
    .map(([path, name]) => leafOf(path, name, attributes));
  return { leaves, boxes };
}

function leafOf(path: string, name: string, attributes: Attributes): Leaf {
  const get = (attribute: string) => attributes.get(path === "" ? attribute : `${path}.${attribute}`);
  return {
    path,
    kind: name.startsWith(PACKAGE) ? lastOf(name) : name,
    get,
    pair(attribute) {
      const one = get(attribute);
      const [down, across] = one === undefined ? [get(`${attribute}.0`), get(`${attribute}.1`)] : [one, one];
      return typeof down === "number" && typeof across === "number" ? [down, across] : undefined;
    },
  };
}

/**
 * What a row of numbers is made into before a module that works on maps: as many channels as that
 * one or the next wants, in a square. Undefined where nothing is to be done.
 */
function openedFor(leaves: readonly Leaf[], index: number, [numbers, height, width]: Shape): Shape | undefined {
  const { kind } = leaves[index]!;
  if (index === 0 || height * width > 1 || !/2d$|^Upsample$|^PixelShuffle$/.test(kind)) return undefined;
  const next = leaves.slice(index).find((leaf) => leaf.get("num_features") ?? leaf.get("in_channels"));
  const channels = Number(next?.get("num_features") ?? next?.get("in_channels"));
  const edge = Math.sqrt(numbers / channels);
  return Number.isInteger(edge) && edge > 1 ? [channels, edge, edge] : undefined;
}
