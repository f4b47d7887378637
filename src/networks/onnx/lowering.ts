import { contiguousStrides } from "../../weights/layout.ts";
import type { CheckpointTensor } from "../../weights/tensor.ts";
import { count, strided, transposed } from "./arrays.ts";
import { refused } from "./attributes.ts";
import type { Folding } from "./folding.ts";
import { computed, FLOAT, type Known } from "./known.ts";
import {
  channelsOf,
  type Extents,
  extentsOf,
  type Groups,
  groupsOf,
  LETTERS,
  moves,
  type Placed,
  wideAxes,
} from "./placed.ts";
import type { OnnxNode } from "./read.ts";

// Tests: test/networks/onnx/lower.test.ts

/** A step of a list of operations; `to` names its result. */
export interface ListStep {
  readonly op: string;
  readonly to: string;
  readonly [field: string]: unknown;
}

/** A value of the graph: known before the network runs, or a result of the list. */
export type Lowered = Known | Placed;

export const isKnown = (value: Lowered | undefined): value is Known => value !== undefined && "numbers" in value;

/** Lowers a node: its outputs. */
export type Lower = (
  node: OnnxNode,
  inputs: readonly (Lowered | undefined)[],
  list: Lowering,
) => Promise<readonly Lowered[]>;

/** Elements of one image's results: as for lists that are written down (operation-list.ts). */
const MAX_ELEMENTS = 2 ** 27;

/** @throws WeightsError where a result would be too large, or nothing. */
export function checkExtents(node: OnnxNode, extents: readonly number[]): void {
  const whole = extents.every((extent) => Number.isSafeInteger(extent) && extent > 0);
  if (!whole || count(extents) > MAX_ELEMENTS) throw refused(node, `would make [${extents}]`, "Use a smaller input.");
}

/** A list of operations while it is written. */
export class Lowering {
  readonly steps: ListStep[] = [];
  /** The tensors that steps name. */
  readonly state = new Map<string, CheckpointTensor>();
  readonly folding: Folding;
  /** The number that is behind the name of the next result that was to have it, too. */
  readonly #names: Map<string, number>;
  /** Names of weights by what they are and their shape. */
  readonly #weights = new Map<object, Map<string, string>>();
  readonly #turned = new Map<Known, Promise<Known>>();

  /** @param inputs Names of results that are there before the first step. */
  constructor(folding: Folding, inputs: readonly string[]) {
    this.folding = folding;
    this.#names = new Map(inputs.map((name) => [name, 1]));
  }

  get opset(): number {
    return this.folding.opset;
  }

  /** A name that no result or input has yet. */
  name(wanted: string): string {
    let name = wanted;
    for (let next = this.#names.get(wanted)!; this.#names.has(name); next += 1) {
      name = `${wanted}.${next}`;
      this.#names.set(wanted, next + 1);
    }
    this.#names.set(name, 1);
    return name;
  }

  /** Adds a step that makes a value of this shape. */
  emit(
    node: OnnxNode,
    { op, ...fields }: { readonly op: string; readonly [field: string]: unknown },
    { shape, order, extents }: Pick<Placed, "shape" | "order" | "extents">,
  ): Placed {
    checkExtents(node, extents);
    const to = this.name(node.outputs[0] || node.name);
    this.steps.push({ op, ...fields, to });
    return { result: to, shape, type: FLOAT, order, extents };
  }

  /** A step that leaves the shape and everything as it is. */
  same(node: OnnxNode, x: Placed, step: { readonly op: string; readonly [field: string]: unknown }): Placed {
    return this.emit(node, { x: x.result, ...step }, x);
  }

  /** The value with these axes as channels, rows and columns. */
  arranged(node: OnnxNode, x: Placed, groups: Groups, extents = extentsOf(x.shape, groups)): Placed {
    let result = x.result;
    for (const move of moves(x, groups, extents)) {
      const to = this.name(`${x.result}.arranged`);
      this.steps.push({ op: "shape" in move ? "reshape" : "transpose", x: result, ...move, to });
      result = to;
    }
    const order = groups.flat().filter((axis) => x.shape[axis] !== 1);
    if (order.length !== x.order.length) throw refused(node, `has axes ${order} of ${x.order}`);
    return { ...x, result, order, extents };
  }

  /** An image's map [1, C, H, W], or [1, C, L] as one row. */
  map(node: OnnxNode, x: Placed): Placed {
    const { shape } = x;
    if ((shape.length !== 4 && shape.length !== 3) || shape[0] !== 1) {
      throw refused(
        node,
        `has an input of [${shape}], not [1, channels, height, width]`,
        "Export the network for one image, or with an open batch size.",
      );
    }
    return this.arranged(node, x, shape.length === 4 ? [[1], [2], [3]] : [[1], [], [2]]);
  }

  /** The value with this axis alone as channels, rows or columns, and which of them it is. */
  isolated(node: OnnxNode, x: Placed, axis: number): readonly [Placed, letter: number] {
    const groups = groupsOf(x);
    const at = groups?.findIndex((group) => group.length === 1 && group[0] === axis) ?? -1;
    if (at >= 0) return [x, at];
    if (channelsOf(x)?.join() === `${axis}`) return [x, 0];
    const place = x.order.indexOf(axis);
    if (place >= 0) {
      return [this.arranged(node, x, [x.order.slice(0, place), [axis], x.order.slice(place + 1)]), 1];
    }
    // One element: before the axes that follow it.
    const next = x.order.findIndex((other) => other > axis);
    const cut = next < 0 ? x.order.length : next;
    return [this.arranged(node, x, [x.order.slice(0, cut), [axis], x.order.slice(cut)]), 1];
  }

  /**
   * The value with all of these axes, and no others, as whole channels, rows or columns, and the
   * letters of those, as far as they are `allowed`.
   */
  gathered(node: OnnxNode, x: Placed, axes: readonly number[], allowed = /^/): readonly [Placed, letters: string] {
    const taken = (axis: number): boolean => axes.includes(axis);
    const groups = groupsOf(x);
    if (groups?.every((group) => group.every(taken) || !group.some(taken))) {
      const letters = LETTERS.filter((_, at) => groups[at]!.some(taken)).join("");
      if (allowed.test(letters)) return [x, letters];
    }
    const channels = channelsOf(x);
    const inner = x.order.filter(taken);
    if (channels?.every(taken) && channels.length === inner.length) return [x, "c"];
    const behind = channels && !channels.some(taken) && channels.length + inner.length === x.order.length;
    if (behind && allowed.test("hw")) return [x, "hw"];
    const outer = x.order.filter((axis) => !taken(axis));
    if (outer.length === 0) return [this.arranged(node, x, [inner, [], []]), "c"];
    return [this.arranged(node, x, [outer, [], inner]), "w"];
  }

  /** The name of a weight of the file, or of what was computed of some, for fields of steps. */
  async weight(node: OnnxNode, known: Known, shape = known.shape, wanted = `${node.name}.weight`): Promise<string> {
    if (count(shape) !== count(known.shape)) throw refused(node, `has a weight of [${known.shape}], not [${shape}]`);
    const { tensor } = known;
    const source: object = tensor ?? known;
    const named = this.#weights.get(source) ?? new Map<string, string>();
    const name = named.get(shape.join()) ?? this.#fresh(tensor?.name || wanted);
    if (named.has(shape.join())) return name;
    this.#weights.set(source, named.set(shape.join(), name));
    const read = async (options = {}): Promise<Float32Array> =>
      tensor ? tensor.read(options) : Float32Array.from(await known.numbers(options));
    this.state.set(name, { name, dtype: tensor?.dtype ?? "float32", shape, read });
    return name;
  }

  /** A weight's two axes changed over. */
  turned(known: Known): Promise<Known> {
    const [rows = 1, columns = 1] = known.shape;
    const turned =
      this.#turned.get(known) ??
      computed(this.folding.budget, [columns, rows], known.type, [known], ([values]) =>
        transposed(values!, [rows, columns], [1, 0]),
      );
    this.#turned.set(known, turned);
    return turned;
  }

  #fresh(wanted: string): string {
    let name = wanted;
    for (let i = 1; this.state.has(name); i += 1) name = `${wanted}.${i}`;
    return name;
  }

  /** A known value as a result with these axes as channels, rows and columns. */
  async constant(
    node: OnnxNode,
    known: Known,
    groups: Groups,
    extents = extentsOf(known.shape, groups),
  ): Promise<Placed> {
    const { shape } = known;
    const order = groups.flat().filter((axis) => shape[axis] !== 1);
    const natural = order.every((axis, i) => i === 0 || order[i - 1]! < axis);
    const steps = contiguousStrides(shape);
    const moved = order.map((axis) => shape[axis]!);
    const lying = natural
      ? known
      : await computed(this.folding.budget, moved, known.type, [known], ([values]) =>
          strided(
            values!,
            moved,
            order.map((axis) => steps[axis]!),
          ),
        );
    const tensor = await this.weight(node, lying);
    const to = this.name(`${tensor}.map`);
    this.steps.push({ op: "constant", tensor, shape: extents, to });
    return { result: to, shape, type: known.type, order, extents };
  }

  /** Any value as a result of the list. */
  async placed(node: OnnxNode, value: Lowered | undefined, index = 0): Promise<Placed> {
    if (!value) throw refused(node, `has no input ${index}`);
    if (!isKnown(value)) return value;
    const wide = wideAxes(value.shape);
    const [columns = [], rows = []] = [wide.slice(-1), wide.slice(-2, -1)];
    return this.constant(node, value, wide.length === 1 ? [wide, [], []] : [wide.slice(0, -2), rows, columns]);
  }
}

/** A value's axes one to one as far as they go; for what is not broadcast. */
export const extentsWith = (extents: Extents, at: number, extent: number): Extents =>
  extents.map((had, i) => (i === at ? extent : had)) as unknown as Extents;
