import { WeightsError } from "../../errors.ts";
import { Budget } from "../../weights/budget.ts";
import type { ReadOptions, Source } from "../../weights/source.ts";
import { Protobuf, type Range } from "./protobuf.ts";
import { type OnnxTensor, readTensor } from "./tensor.ts";

/** What an attribute of a node holds; what is not read (a graph, a type) keeps its kind alone. */
export type Attribute =
  | { readonly kind: "float" | "int"; readonly value: number }
  | { readonly kind: "string"; readonly value: string }
  | { readonly kind: "floats" | "ints"; readonly value: readonly number[] }
  | { readonly kind: "strings"; readonly value: readonly string[] }
  | { readonly kind: "tensor"; readonly value: OnnxTensor }
  | { readonly kind: "unread" };

/** One operator applied: from values to values, by their names; "" is none. */
export interface OnnxNode {
  /** Its own name, or where it has none its first output's. */
  readonly name: string;
  readonly operator: string;
  /** "" is ONNX's own. */
  readonly domain: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: ReadonlyMap<string, Attribute>;
}

/** An input or output of a graph. */
export interface OnnxValue {
  readonly name: string;
  /** ONNX's number of its element type; 0 where it is no tensor. */
  readonly type: number;
  /** An extent that is open is a name ("batch", or ""); undefined where the file gives no shape. */
  readonly shape: readonly (number | string)[] | undefined;
}

/** A graph with its weights. */
export interface OnnxModel {
  /** What wrote it, for people: "pytorch 1.13.0". */
  readonly producer: string;
  /** Version of the operators by domain; "" is ONNX's own. */
  readonly opsets: ReadonlyMap<string, number>;
  /** In an order in which they can be computed. */
  readonly nodes: readonly OnnxNode[];
  readonly initializers: ReadonlyMap<string, OnnxTensor>;
  /** Without those that only name an initialiser. */
  readonly inputs: readonly OnnxValue[];
  readonly outputs: readonly OnnxValue[];
}

/**
 * Reads an ONNX file (onnx/onnx.proto): nodes, attributes, and where the weights are, which stay in
 * the file. Graphs within nodes and functions are stepped over.
 * @throws WeightsError `weights-format` for what is no model, is damaged, or keeps weights
 *   elsewhere; the signal's reason.
 */
export async function readOnnx(source: Source, options: ReadOptions = {}): Promise<OnnxModel> {
  const file = new Protobuf(source, options);
  const opsets = new Map<string, number>();
  const producer: string[] = [];
  let graph: Range | undefined;
  for await (const field of file.fields({ start: 0, end: source.size })) {
    if (field.number === 2 || field.number === 3) producer.push(await file.text(field));
    else if (field.number === 7 && field.kind === "bytes") graph = field;
    else if (field.number === 8) {
      let [domain, version] = ["", 0];
      for await (const part of file.fields(field)) {
        if (part.number === 1) domain = await file.text(part);
        else if (part.number === 2) version = part.value;
      }
      opsets.set(canonical(domain), version);
    }
  }
  if (!graph) throw file.damaged("it has no graph");
  return { producer: producer.join(" ").trim(), opsets, ...(await readGraph(file, graph)) };
}

/**
 * Nodes, weights, inputs and outputs of any graph, many more than most networks have, and bytes for
 * each beyond them, and the most.
 */
const [GRANTED_PARTS, BYTES_A_PART, MOST_PARTS] = [2 ** 13, 256, 2 ** 15];

/** Nodes, initialisers, inputs and outputs, by their numbers in a GraphProto. */
const PARTS = [1, 5, 11, 12];

/** ONNX's own domain has two names. */
const canonical = (domain: string): string => (domain === "ai.onnx" ? "" : domain);

async function readGraph(file: Protobuf, graph: Range): Promise<Omit<OnnxModel, "producer" | "opsets">> {
  const most = Math.min(GRANTED_PARTS + Math.floor(file.source.size / BYTES_A_PART), MOST_PARTS);
  const parts = new Budget(most, () => file.damaged(`it has more than ${most} nodes and weights in so many bytes`));
  const nodes: OnnxNode[] = [];
  const initializers = new Map<string, OnnxTensor>();
  const inputs: OnnxValue[] = [];
  const outputs: OnnxValue[] = [];
  for await (const field of file.fields(graph)) {
    if (PARTS.includes(field.number)) parts.spend();
    if (field.number === 1) nodes.push(await readNode(file, field));
    else if (field.number === 5) {
      const tensor = await readTensor(file, field);
      initializers.set(tensor.name, tensor);
    } else if (field.number === 11) inputs.push(await readValue(file, field));
    else if (field.number === 12) outputs.push(await readValue(file, field));
    else if (field.number === 15) {
      throw new WeightsError(
        "weights-format",
        `${file.source.name} has sparse weights, which are not read.`,
        "Export the model with dense weights.",
      );
    }
  }
  // Before IR version 4 every initialiser had to be an input too.
  const given = inputs.filter(({ name }) => !initializers.has(name));
  return { nodes, initializers, inputs: given, outputs };
}

async function readNode(file: Protobuf, message: Range): Promise<OnnxNode> {
  const inputs: string[] = [];
  const outputs: string[] = [];
  const attributes = new Map<string, Attribute>();
  const told = { name: "", operator: "", domain: "" };
  for await (const field of file.fields(message)) {
    if (field.number === 1) inputs.push(await file.text(field));
    else if (field.number === 2) outputs.push(await file.text(field));
    else if (field.number === 3) told.name = await file.text(field);
    else if (field.number === 4) told.operator = await file.text(field);
    else if (field.number === 5) attributes.set(...(await readAttribute(file, field, told.name || (outputs[0] ?? ""))));
    else if (field.number === 7) told.domain = canonical(await file.text(field));
  }
  return { ...told, name: told.name || (outputs[0] ?? ""), inputs, outputs, attributes };
}

/** AttributeProto.AttributeType: what is left out where a writer leaves out zeros. */
const EMPTY: Readonly<Record<number, Attribute>> = {
  1: { kind: "float", value: 0 },
  2: { kind: "int", value: 0 },
  3: { kind: "string", value: "" },
  6: { kind: "floats", value: [] },
  7: { kind: "ints", value: [] },
  8: { kind: "strings", value: [] },
};

async function readAttribute(file: Protobuf, message: Range, node: string): Promise<[string, Attribute]> {
  let name = "";
  let type = 0;
  let single: Attribute | undefined;
  const floats: number[] = [];
  const ints: number[] = [];
  const strings: string[] = [];
  for await (const field of file.fields(message)) {
    if (field.number === 1) name = await file.text(field);
    else if (field.number === 2) single = { kind: "float", value: field.value };
    else if (field.number === 3) single = { kind: "int", value: field.value };
    else if (field.number === 4) single = { kind: "string", value: await file.text(field) };
    else if (field.number === 5) single = { kind: "tensor", value: await readTensor(file, field, node) };
    else if (field.number === 7) for (const value of await file.floats(field)) floats.push(value);
    else if (field.number === 8) for (const value of await file.integers(field)) ints.push(value);
    else if (field.number === 9) strings.push(await file.text(field));
    else if (field.number === 20) type = field.value;
  }
  if (single && (type === 0 || type <= 4)) return [name, single];
  if (floats.length > 0) return [name, { kind: "floats", value: floats }];
  if (ints.length > 0) return [name, { kind: "ints", value: ints }];
  if (strings.length > 0) return [name, { kind: "strings", value: strings }];
  return [name, EMPTY[type] ?? { kind: "unread" }];
}

async function readValue(file: Protobuf, message: Range): Promise<OnnxValue> {
  let name = "";
  let type = 0;
  let shape: (number | string)[] | undefined;
  for await (const field of file.fields(message)) {
    if (field.number === 1) name = await file.text(field);
    if (field.number !== 2) continue;
    for await (const kind of file.fields(field)) {
      // Only tensors; sequences, maps and optionals have no extents.
      if (kind.number !== 1) continue;
      for await (const part of file.fields(kind)) {
        if (part.number === 1) type = part.value;
        else if (part.number === 2) shape = await readShape(file, part);
      }
    }
  }
  return { name, type, shape };
}

async function readShape(file: Protobuf, message: Range): Promise<(number | string)[]> {
  const shape: (number | string)[] = [];
  for await (const extent of file.fields(message)) {
    if (extent.number !== 1) continue;
    let size: number | string = "";
    for await (const part of file.fields(extent)) {
      if (part.number === 1) size = part.value;
      else if (part.number === 2) size = await file.text(part);
    }
    shape.push(size);
  }
  return shape;
}
