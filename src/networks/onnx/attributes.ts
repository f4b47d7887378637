import { WeightsError } from "../../errors.ts";
import type { Attribute, OnnxNode } from "./read.ts";
import type { OnnxTensor } from "./tensor.ts";

// Tests: test/networks/onnx/fold.test.ts

/** The error for a node that cannot be computed here; `why` continues "Node … (Conv) ". */
export const refused = (node: OnnxNode, why: string, fix = "Export the network in another way."): WeightsError =>
  new WeightsError("weights-format", `Node "${node.name}" (${node.operator}) ${why}.`, fix);

type Values = { [A in Attribute as A["kind"]]: A extends { readonly value: infer V } ? V : never };

function held<K extends keyof Values>(node: OnnxNode, name: string, ...kinds: readonly K[]): Values[K] | undefined {
  const attribute = node.attributes.get(name);
  if (!attribute) return undefined;
  if (!("value" in attribute) || !(kinds as readonly string[]).includes(attribute.kind)) {
    throw refused(node, `has "${name}" of the kind ${attribute.kind}, not ${kinds.join(" or ")}`);
  }
  return attribute.value as Values[K];
}

export const intOf = <D extends number | undefined>(node: OnnxNode, name: string, without: D): number | D =>
  held(node, name, "int") ?? without;
export const floatOf = <D extends number | undefined>(node: OnnxNode, name: string, without: D): number | D =>
  held(node, name, "float", "int") ?? without;
export const textOf = (node: OnnxNode, name: string, without: string): string => held(node, name, "string") ?? without;
export const intsOf = (node: OnnxNode, name: string): readonly number[] | undefined => held(node, name, "ints");
export const floatsOf = (node: OnnxNode, name: string): readonly number[] | undefined => held(node, name, "floats");
export const tensorOf = (node: OnnxNode, name: string): OnnxTensor | undefined => held(node, name, "tensor");

/** An axis counted from the front. @throws WeightsError where there is none such. */
export function axisOf(node: OnnxNode, axis: number, rank: number): number {
  const from = axis < 0 ? axis + rank : axis;
  if (!Number.isInteger(from) || from < 0 || from >= rank) throw refused(node, `has no axis ${axis} of ${rank}`);
  return from;
}

/** The shape of both together: axes from the back, where extents of 1 are repeated. */
export function broadcast(node: OnnxNode, ...shapes: readonly (readonly number[])[]): number[] {
  const rank = Math.max(0, ...shapes.map(({ length }) => length));
  return Array.from({ length: rank }, (_, axis) => {
    const extents = shapes.map((shape) => shape[axis - rank + shape.length] ?? 1).filter((extent) => extent !== 1);
    if (new Set(extents).size > 1 || !extents.every((extent) => Number.isSafeInteger(extent) && extent >= 0)) {
      throw refused(node, `has inputs of ${shapes.map((shape) => `[${shape}]`).join(" and ")}, which do not fit`);
    }
    return extents[0] ?? 1;
  });
}
