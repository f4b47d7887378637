import { WeightsError } from "../errors.ts";
import { NumpyArray, NumpyScalar } from "./numpy-values.ts";
import { cut, damaged, PickledObject } from "./pickle-values.ts";
import type { Attribute } from "./tensor.ts";
import { TorchTensor, UnreadableStorage } from "./torch.ts";

// Tests: test/weights/pickles.test.ts, test/weights/hostile.test.ts

/** What tensors are in a pickle; a bare number where TensorFlow's files have a variable of one. */
export type PickledTensor = TorchTensor | NumpyArray | number;

/** A saved object, or a part of one, by dotted names. */
export interface Flat {
  readonly tensors: ReadonlyMap<string, PickledTensor>;
  readonly attributes: ReadonlyMap<string, Attribute>;
  /** Where something that holds a tensor is made by what is not called here, and its name. */
  readonly unknown: ReadonlyMap<string, string>;
}

/** A part of the tree that is about to be walked. */
interface Branch {
  /** Before the names of tensors, and of attributes; they differ in TensorFlow's networks. */
  readonly tensors: string;
  readonly attributes: string;
  readonly children: Iterator<Child>;
}

interface Child {
  readonly value: unknown;
  /** What it adds to the names of tensors, and to those of attributes. */
  readonly name: string;
  readonly attribute: string;
  /** Between its name and those of its parts, if they are tensors. */
  readonly separator: "." | "/";
}

/** Names of modules in modules; names grow with it. */
const MAX_DEPTH = 32;
/** Longest name that is one, and most of them: what is longer or more is no network. */
const [MAX_NAME, MAX_TENSORS, MAX_ATTRIBUTES] = [256, 2 ** 16, 2 ** 16];
/** Longest string that says something of a network; source texts are longer. */
const MAX_TEXT = 1000;
/** Scalars that a small list has at most, such as a stride. Long lists are data. */
const SMALL = 16;

/**
 * Walks what was saved without recursion, and each container once, but for small lists of scalars.
 */
export function flatten(root: unknown): Flat {
  const flat = {
    tensors: new Map<string, PickledTensor>(),
    attributes: new Map<string, Attribute>(),
    unknown: new Map<string, string>(),
  };
  const seen = new Set<unknown>([root]);
  const waiting: Branch[] = [{ tensors: "", attributes: "", children: childrenOf(root) }];
  while (waiting.length > 0) {
    const { tensors, attributes, children } = waiting.at(-1)!;
    const next = children.next();
    if (next.done) {
      waiting.pop();
      continue;
    }
    const { value, name, attribute, separator } = next.value;
    const [tensor, path] = [tensors + name, attributes + attribute];
    if (tensor.length > MAX_NAME || path.length > MAX_NAME) continue;
    if (flat.tensors.size > MAX_TENSORS) throw damaged(`it holds more than ${MAX_TENSORS} tensors`);
    if (take(value, tensor, path, separator, flat) || !isContainer(value)) continue;
    if (waiting.length >= MAX_DEPTH || (seen.has(value) && !isSmall(value))) continue;
    seen.add(value);
    waiting.push({ tensors: tensor + separator, attributes: `${path}.`, children: childrenOf(value) });
  }
  return flat;
}

type Taken = { [K in keyof Flat]: Flat[K] extends ReadonlyMap<string, infer V> ? Map<string, V> : never };

/** Puts a leaf where it belongs; false for what is none. */
function take(value: unknown, tensor: string, attribute: string, separator: string, flat: Taken): boolean {
  if (isTensor(value)) {
    flat.tensors.set(tensor, value);
    // A lone number, such as Theano's `cur_lod`, may say what the network is.
    const number = value instanceof NumpyArray ? value.number() : undefined;
    if (number !== undefined && flat.attributes.size < MAX_ATTRIBUTES) flat.attributes.set(attribute, number);
    return true;
  }
  if (separator === "/" && (value instanceof NumpyScalar || typeof value === "number")) {
    flat.tensors.set(tensor, value);
    // A variable of one number, such as `lod`, may say what the network is.
    const scalar = attributeOf(value);
    if (scalar !== undefined && flat.attributes.size < MAX_ATTRIBUTES) flat.attributes.set(tensor, scalar);
    return true;
  }
  const scalar = attributeOf(value);
  if (scalar !== undefined) {
    if (flat.attributes.size < MAX_ATTRIBUTES) flat.attributes.set(attribute, scalar);
    return true;
  }
  if (value instanceof PickledObject && value.state === undefined && holdsTensor(value)) {
    flat.unknown.set(tensor, value.name);
    return true;
  }
  return false;
}

function attributeOf(value: unknown): Attribute | undefined {
  if (value === null || typeof value === "boolean" || typeof value === "number") return value;
  if (typeof value === "bigint") return Number(value);
  if (typeof value === "string") return value.length <= MAX_TEXT ? value : undefined;
  if (value instanceof NumpyScalar) return value.number();
  return undefined;
}

/** Whether what would have been called was given a tensor, or something that one is made of. */
function holdsTensor({ args, entries, items }: PickledObject, depth = 0): boolean {
  if (entries || items || depth > 2) return false;
  return args.some(
    (arg) =>
      isTensor(arg) ||
      arg instanceof UnreadableStorage ||
      (arg instanceof PickledObject && arg.state === undefined && holdsTensor(arg, depth + 1)),
  );
}

/** An array of words or objects is none. */
export function isTensor(value: unknown): value is TorchTensor | NumpyArray {
  if (!(value instanceof NumpyArray)) return value instanceof TorchTensor;
  return !(value instanceof NumpyScalar) && /^[fiubc]\d/.test(value.type.code);
}

function isContainer(value: unknown): value is ReadonlyMap<unknown, unknown> | readonly unknown[] | PickledObject {
  return value instanceof Map || Array.isArray(value) || value instanceof PickledObject;
}

function isSmall(value: unknown): boolean {
  return Array.isArray(value) && value.length <= SMALL && value.every((each) => attributeOf(each) !== undefined);
}

/** What is in a container, and what its parts are called. */
function* childrenOf(value: unknown): Generator<Child, undefined> {
  if (value instanceof Map) yield* entriesOf(value);
  else if (Array.isArray(value)) {
    for (const [i, each] of value.entries()) yield named(String(i), each);
  } else if (value instanceof PickledObject) yield* objectParts(value);
  else yield named("tensor", value); // the whole file is one tensor
  return undefined;
}

function named(name: string, value: unknown): Child {
  return { value, name, attribute: name, separator: "." };
}

function* entriesOf(dict: ReadonlyMap<unknown, unknown>, without: ReadonlySet<unknown> = NONE): Generator<Child> {
  for (const [key, value] of dict) {
    if (typeof key === "string" ? !without.has(key) : Number.isSafeInteger(key)) yield named(String(key), value);
  }
}

const NONE: ReadonlySet<unknown> = new Set();
const MODULE: ReadonlySet<unknown> = new Set(["_parameters", "_buffers", "_modules"]);
const NETWORK: ReadonlySet<unknown> = new Set(["variables", "components"]);

function* objectParts(object: PickledObject): Generator<Child> {
  const states = Array.isArray(object.state) ? object.state.slice(0, 2) : [object.state];
  for (const state of states) {
    if (!(state instanceof Map)) continue;
    if (isNetwork(state)) yield* networkParts(state);
    else if (state.has("_modules") || state.has("_parameters")) yield* moduleParts(object.name, state);
    else {
      if (object.name.startsWith(SCRIPT)) yield named("__class__", scriptedClass(object.name));
      yield* entriesOf(state);
    }
  }
  if (object.entries) yield* entriesOf(object.entries);
  for (const [i, each] of (object.items ?? []).entries()) yield named(String(i), each);
}

const SCRIPT = "__torch__.";

/** "__torch__.torch.nn.modules.conv.___torch_mangle_3.Conv2d" → "torch.nn.modules.conv.Conv2d" */
function scriptedClass(name: string): string {
  return name.slice(SCRIPT.length).replace(/___torch_mangle_\d+\./g, "");
}

/**
 * A module of PyTorch: parameters and buffers by their names, then attributes, then its modules.
 */
function* moduleParts(name: string, state: ReadonlyMap<unknown, unknown>): Generator<Child> {
  yield named("__class__", name);
  for (const part of ["_parameters", "_buffers"]) {
    const dict: unknown = state.get(part);
    if (!(dict instanceof Map)) continue;
    for (const child of entriesOf(dict)) if (child.value !== null) yield child;
  }
  yield* entriesOf(state, MODULE);
  const modules: unknown = state.get("_modules");
  if (modules instanceof Map) for (const child of entriesOf(modules)) if (child.value !== null) yield child;
}

/** A `Network` of NVIDIA's TensorFlow code: pairs of names and variables, and networks in it. */
function isNetwork(state: ReadonlyMap<unknown, unknown>): boolean {
  return Array.isArray(state.get("variables"));
}

function* networkParts(state: ReadonlyMap<unknown, unknown>): Generator<Child> {
  for (const pair of state.get("variables") as readonly unknown[]) {
    const [name, value] = Array.isArray(pair) ? (pair as unknown[]) : [];
    const isVariable = isTensor(value) || value instanceof NumpyScalar || typeof value === "number";
    if (typeof name === "string" && isVariable) yield { value, name, attribute: name, separator: "/" };
  }
  yield* entriesOf(state, NETWORK);
  const components: unknown = state.get("components");
  if (!(components instanceof Map)) return;
  for (const { name, value } of entriesOf(components)) {
    yield { value, name, attribute: `components.${name}`, separator: "/" };
  }
}

/** What cannot be made without running it. */
export function notMade(tensor: string, by: string): WeightsError {
  return new WeightsError(
    "weights-unsafe",
    `"${cut(tensor)}" is made by ${cut(by)}, which is not among what is read here without being run.`,
    "In Python, load the file and save its state dict: torch.save(model.state_dict(), path), or write safetensors.",
  );
}
