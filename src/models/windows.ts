import { CONV, type ConvOptions, nameOfConv } from "../kernels/conv/conv.ts";
import type { Filter } from "../kernels/conv/filter.ts";
import type { Way } from "../kernels/conv/ways.ts";
import { bytes } from "../kernels/maps/pointwise.ts";
import type { Graph, Tuned, Value } from "../runtime/graph.ts";
import { Plan } from "../runtime/plan.ts";
import type { Tensor } from "../runtime/tensor.ts";
import type { Cells } from "./dense-edit.ts";
import { type Cone, coneOf, type WindowGraph, windowGraph } from "./window-graph.ts";

/**
 * A window is worth its while below this share of a whole run's multiply-adds: it also copies what
 * it reads and makes.
 */
const WORTH = 0.75;

/** What windows are made of: a whole graph, what its dense layers read, and what it must keep. */
export interface Whole {
  readonly graph: Graph;
  /** Of each dense layer, what its edits are composed to. */
  readonly dense: ReadonlyMap<string, Value>;
  readonly kept: readonly Value[];
}

/** The parts of a graph that edits of 1, 2, 4, … cells change, by layer, as far as they pay. */
export function windowGraphs({ graph, dense, kept }: Whole): Map<string, readonly WindowGraph[]> {
  return new Map(
    [...dense].map(([layer, composed]) => {
      const windows: WindowGraph[] = [];
      const cone = coneOf(graph, composed, kept);
      const [, height = 1, width = 1] = composed.shape;
      for (let cells = 1; cone && cells <= Math.min(height, width); cells *= 2) {
        const window = windowGraph(graph, cone, cells);
        if (window.graph.flops > WORTH * graph.flops) break;
        windows.push(window);
      }
      return [layer, windows];
    }),
  );
}

/**
 * Ways by which fewer pixels have other bits where a layer is edited. A tile of F(4×4, 3×3) has
 * other bits as a whole when one of its inner pixels does, which every later convolution makes
 * wider: a cell of 8² would reach 248 of 256 pixels. A tile of F(2×2, 3×3) behind an upsampling,
 * whose edges are odd, has as many as a sum over taps has: 156. Where no neighbours are read behind
 * it, the larger tile stays.
 */
export function narrowWays({ graph, dense, kept }: Whole): Tuned {
  const tuned = new Map(graph.tuned);
  for (const composed of dense.values()) {
    const cone = coneOf(graph, composed, kept);
    for (const { x, filter, options } of cone ? wide(cone) : []) {
      const name = nameOfConv(graph, x, filter, options);
      const narrow = graph.tunables.get(name)?.ways.find((way) => way.startsWith("winograd2"));
      if (narrow) tuned.set(name, narrow);
    }
  }
  return tuned;
}

/** Convolutions by F(4×4, 3×3) of which others read neighbours. */
function wide({ links }: Cone): Convolution[] {
  const convolutions = [...links.values()].flatMap(({ operation: { kind, inputs, attributes } }) =>
    kind === CONV ? [{ x: inputs[0]!, ...(attributes as Omit<Convolution, "x">) }] : [],
  );
  const last = convolutions.findLastIndex(({ filter }) => filter.kernel !== 1);
  return convolutions.slice(0, Math.max(0, last)).filter(({ way }) => way.algorithm === "winograd4");
}

interface Convolution {
  readonly x: Value;
  readonly filter: Filter;
  readonly options: ConvOptions;
  readonly way: Way;
}

/** Windows of one size, compiled. */
interface WindowPlan extends Pick<WindowGraph, "cells" | "firsts"> {
  readonly plan: Plan;
  readonly places: Tensor<"u32">;
}

/** The plans that run what edits of a layer change, beside a plan for the whole. */
export class Windows {
  readonly #plans = new Map<string, WindowPlan[]>();

  private constructor() {}

  /** On the tensors that the whole plan keeps. @throws what compiling throws. */
  static async compile(
    graphs: ReadonlyMap<string, readonly WindowGraph[]>,
    whole: Plan,
    {
      bind,
      image,
      rgba,
      signal,
    }: {
      /** A graph's weights. */
      readonly bind: (graph: Graph) => Promise<Iterable<readonly [Value, Tensor]>>;
      /** Where the image is made bytes of. */
      readonly image?: Value | undefined;
      readonly rgba?: Value | undefined;
      readonly signal?: AbortSignal | undefined;
    },
  ): Promise<Windows> {
    const windows = new Windows();
    try {
      for (const [layer, sizes] of graphs) {
        const plans: WindowPlan[] = [];
        windows.#plans.set(layer, plans);
        for (const { cells, firsts, graph, maps, places } of sizes) {
          const tensors: (readonly [Value, Tensor])[] = [...maps].map(([value, own]) => [own, whole.tensor(value)]);
          // All of the bytes: four a pixel are not worth a window.
          if (image && rgba) tensors.push([bytes(graph, maps.get(image)!), whole.tensor<"u32">(rgba)]);
          const plan = await Plan.compile(whole.device, graph, { bind: [...(await bind(graph)), ...tensors], signal });
          plans.push({ cells, firsts, plan, places: plan.tensor<"u32">(places) });
        }
      }
      return windows;
    } catch (error) {
      windows.dispose();
      throw error;
    }
  }

  /** Runs what edits of these cells change, where that is less than the whole. */
  run(layer: string, { top, left, bottom, right }: Cells): boolean {
    const needed = Math.max(bottom - top, right - left);
    const window = this.#plans.get(layer)?.find(({ cells }) => cells >= needed);
    if (!window) return false;
    const { firsts, places, plan } = window;
    places.write(
      Uint32Array.from(
        firsts.flatMap(([rows, columns]) => [
          rows[Math.min(top, rows.length - 1)]!,
          columns[Math.min(left, columns.length - 1)]!,
        ]),
      ),
    );
    plan.run();
    return true;
  }

  dispose(): void {
    for (const { plan } of [...this.#plans.values()].flat()) plan.dispose();
  }
}
