import { cut, paste } from "../kernels/maps/cut.ts";
import { type Extent, Graph, type Operation, type Value, writtenBy } from "../runtime/graph.ts";
import { type Span, type WindowRule, windowRule } from "./window-rules.ts";

// Tests: test/models/windows.test.ts

/** An operation that what is edited has an effect on. */
interface Link {
  readonly operation: Operation;
  readonly rule: WindowRule;
}

/**
 * What depends on a layer's composed edits: operations by the id of their output, in their order.
 */
export interface Cone {
  readonly composed: Value;
  readonly links: ReadonlyMap<number, Link>;
  /** Values that a run must leave right. */
  readonly kept: ReadonlySet<number>;
}

/**
 * What depends on the composed edits, as far as it is a matter of windows: undefined where one of
 * the operations has no rule, or is none that was recorded.
 */
export function coneOf(whole: Graph, composed: Value, kept: readonly Value[]): Cone | undefined {
  const touched = new Set([composed.id]);
  for (const step of whole.steps) {
    if (!Object.values(step.bindings).some(({ id }) => touched.has(id))) continue;
    for (const id of writtenBy(step)) touched.add(id);
  }
  const links = new Map<number, Link>();
  const reached = (value: Value): boolean => links.has(value.id) || value.id === composed.id;
  for (const operation of whole.operations) {
    const inputs = operation.inputs.filter((input) => input !== undefined && touched.has(input.id)) as Value[];
    if (inputs.length === 0) continue;
    const rule = windowRule(operation);
    if (!rule || !inputs.every((input) => reached(input) && isSame(input, whole))) return undefined;
    links.set(operation.output.id, { operation, rule });
  }
  const left = kept.filter(({ id }) => touched.has(id));
  if (!left.every(({ id }) => links.has(id))) return undefined;
  return { composed, links, kept: new Set(left.map(({ id }) => id)) };
}

/** Whether a value is no view of other rows and columns. */
const isSame = ({ id, shape }: Value, { values }: Graph): boolean => `${values[id]!.shape}` === `${shape}`;

/** Windows of a map, one for each place of the edited cells: all of one size. */
interface Region {
  /** First rows by the edited cells' first row, and first columns by their first column. */
  readonly firsts: readonly [rows: readonly number[], columns: readonly number[]];
  readonly extent: Extent;
}

/** The part of a graph that edits of so many cells have an effect on, wherever these are. */
export interface WindowGraph {
  /** Edited cells along each axis, at most. */
  readonly cells: number;
  readonly graph: Graph;
  /** Values of the whole graph that are read and written here, and what they are called here. */
  readonly maps: ReadonlyMap<Value, Value>;
  readonly places: Value;
  /** First rows and columns of each place. */
  readonly firsts: readonly Region["firsts"][];
}

/** The windows of everything that edits of cells × cells change. */
export function windowGraph(whole: Graph, cone: Cone, cells: number): WindowGraph {
  return new Windowing(whole, cone, cells).windowed();
}

class Windowing {
  readonly #cone: Cone;
  readonly #cells: number;
  readonly #graph: Graph;
  readonly #places: Value;
  readonly #regions: Region[] = [];
  readonly #maps = new Map<number, readonly [Value, Value]>();
  readonly #changed: readonly ReadonlyMap<number, readonly Span[]>[];

  constructor(whole: Graph, cone: Cone, cells: number) {
    this.#cone = cone;
    this.#cells = cells;
    this.#graph = new Graph(whole.target, whole.storage, whole.tuned);
    // At most two are read by an operation, and one is written.
    this.#places = this.#graph.value("places", [3 * cone.links.size, 2], "u32");
    this.#changed = [1, 2].map((axis) => changedAlong(axis, cone, cells));
  }

  windowed(): WindowGraph {
    const { links, kept } = this.#cone;
    for (const link of links.values()) {
      const { operation, rule } = link;
      if (rule.passing && !kept.has(operation.output.id)) continue;
      const region = this.#regionOf(link);
      const place = this.#place(region);
      paste(this.#graph, this.#append(link, region), place, rule.margin, this.#map(operation.output));
    }
    return {
      cells: this.#cells,
      graph: this.#graph,
      maps: new Map(this.#maps.values()),
      places: this.#places,
      firsts: this.#regions.map(({ firsts }) => firsts),
    };
  }

  /** What is computed of an operation's output: what may change, in whole tiles, of one size. */
  #regionOf({ operation, rule: { step } }: Link): Region {
    const axes = this.#changed.map((changed) => {
      const spans = changed.get(operation.output.id)!.map(({ first, end }) => ({
        first: step * Math.floor(first / step),
        end: step * Math.ceil(end / step),
      }));
      return { firsts: spans.map(({ first }) => first), size: Math.max(...spans.map(({ first, end }) => end - first)) };
    });
    const [rows, columns] = axes as [(typeof axes)[0], (typeof axes)[0]];
    return { firsts: [rows.firsts, columns.firsts], extent: [rows.size, columns.size] };
  }

  #append({ operation: { inputs, owner }, rule }: Link, region: Region): Value {
    const needed: Region = {
      firsts: [
        region.firsts[0].map((first) => rule.needed({ first, end: first + region.extent[0] }).first),
        region.firsts[1].map((first) => rule.needed({ first, end: first + region.extent[1] }).first),
      ],
      extent: [
        sizeOf(rule.needed({ first: 0, end: region.extent[0] })),
        sizeOf(rule.needed({ first: 0, end: region.extent[1] })),
      ],
    };
    const windows = inputs.map((input) => input && this.#window(input, needed));
    return this.#graph.owned(owner, () => rule.append(this.#graph, windows));
  }

  /** A window of a value: cut out of its map, or computed again. */
  #window(value: Value, region: Region): Value {
    const link = this.#cone.links.get(value.id);
    if (link?.rule.passing) return this.#append(link, region);
    return cut(this.#graph, this.#map(value), this.#place(region), region.extent);
  }

  #place(region: Region) {
    const known = this.#regions.findIndex(({ firsts }) => `${firsts.map(String)}` === `${region.firsts.map(String)}`);
    const place = known < 0 ? this.#regions.push(region) - 1 : known;
    return { places: this.#places, place };
  }

  /** A whole map's value here. */
  #map(value: Value): Value {
    const known = this.#maps.get(value.id);
    if (known) return known[1];
    const own = this.#graph.value(value.label, value.shape, value.dtype, value.channels);
    this.#maps.set(value.id, [value, own]);
    return own;
  }
}

const sizeOf = ({ first, end }: Span): number => end - first;

/** By id, the rows or columns that change when so many cells do, for each first one of these. */
function changedAlong(axis: number, { composed, links }: Cone, cells: number): Map<number, readonly Span[]> {
  const places = composed.shape[axis]! - cells + 1;
  const spans = Array.from({ length: places }, (_, first): Span => ({ first, end: first + cells }));
  const changed = new Map<number, readonly Span[]>([[composed.id, spans]]);
  for (const { operation, rule } of links.values()) {
    const reached = operation.inputs
      .filter((input) => input && changed.has(input.id))
      .map((input) => changed.get(input!.id)!);
    const extent = operation.output.shape[axis]!;
    changed.set(
      operation.output.id,
      Array.from({ length: places }, (_, at) => {
        const own = reached.map((spans) => spans[at]!);
        const union = {
          first: Math.min(...own.map(({ first }) => first)),
          end: Math.max(...own.map(({ end }) => end)),
        };
        const { first, end } = rule.changed(union);
        return { first: Math.max(0, first), end: Math.min(extent, end) };
      }),
    );
  }
  return changed;
}
