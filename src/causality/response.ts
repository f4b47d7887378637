import { reachOf } from "../dissect/options.ts";
import { gradient } from "../gradient/gradient.ts";
import { pool } from "../kernels/edit/causality.ts";
import type { EditValues } from "../kernels/edit/edit.ts";
import type { Generator } from "../models/generator.ts";
import type { Segmenter } from "../models/segmenter.ts";
import { type Extent, Graph, type Value } from "../runtime/graph.ts";
import { Plan } from "../runtime/plan.ts";
import type { Tensor } from "../runtime/tensor.ts";
import { tune } from "../runtime/tune.ts";

// Tests: test/causality/ace-train.test.ts

export interface ResponseOptions {
  readonly generator: Generator;
  readonly segmenter: Segmenter;
  readonly layer: string;
  readonly concept: string;
  /**
   * What the generator from the layer on reads in every run, by name: its features [n, h, w, units]
   * before any edit, and what else it needs.
   */
  readonly inputs: ReadonlyMap<string, Tensor<"f32">>;
  /** `mask` counts pixels labelled with the concept, `score` sums its probability. */
  readonly of: "mask" | "score";
  /** Height and width of the label maps or scores. */
  readonly extent: Extent;
  /** Edits that are composed in their order. */
  readonly edits: number;
  /** Images whose answers are kept until they are read. */
  readonly rows: number;
  /** Those of them, the first, whose cells are kept too; all unless given. */
  readonly cellRows?: number;
  readonly signal?: AbortSignal | undefined;
}

/** The values that a response is made of, appended to a graph. */
export interface ResponseValues {
  readonly inputs: ReadonlyMap<string, Value>;
  readonly edit: EditValues;
  /** [n, ...extent] */
  readonly map: Value;
  readonly batch: Value;
  readonly cellBatch: Value;
  readonly whole: Value;
  readonly cells: Value;
  readonly totals: Value;
}

/**
 * Pixels that a layer's cells share over label maps: whole ones, more than there are where images
 * are cropped.
 */
export function cellReach(generator: Generator, extent: Extent): Extent {
  const [height, width] = reachOf(generator, extent);
  return [Math.round(height), Math.round(width)];
}

/**
 * Appends a generator from a layer on, edited there, its segmenter, and the concept's share of
 * every cell and image.
 */
export function appendResponse(graph: Graph, options: Omit<ResponseOptions, "inputs"> & { readonly images: number }) {
  const { generator, segmenter, layer, concept, extent, edits, rows, cellRows = rows, images } = options;
  const part = generator.append(graph, images, { from: layer, editable: [{ layer, edits }] });
  const { inputs, edits: edited } = part;
  const image = part[segmenter.reads]!;
  const map =
    options.of === "score"
      ? segmenter.score(graph, image, concept, extent)
      : segmenter.mask(graph, segmenter.append(graph, image, extent), concept);
  const { height, width } = generator.layer(layer);
  const values: ResponseValues = {
    inputs,
    edit: edited.get(layer)!,
    map,
    batch: graph.value("batch", [2], "u32"),
    cellBatch: graph.value("cell batch", [2], "u32"),
    whole: graph.value("whole batch", [2], "u32"),
    cells: graph.value("cells", [cellRows, height, width]),
    totals: graph.value("totals", [rows, 1, 1]),
  };
  pool(graph, map, values.cellBatch, values.cells, cellReach(generator, extent));
  // In two steps, so that an image keeps more than one invocation busy.
  const lines = graph.value("lines", [images, extent[0], 1]);
  pool(graph, map, values.whole, lines);
  pool(graph, lines, values.batch, values.totals);
  return values;
}

/**
 * How much of a concept images show when a layer is edited: a generator from that layer on, its
 * segmenter, and a row of answers for every image. Nothing is read back until all rows are wanted.
 */
export class Response {
  readonly images: number;
  /** [edits, units rounded up to 4] */
  readonly alpha: Tensor<"f32">;
  /** [edits, units rounded up to 4] */
  readonly value: Tensor<"f32">;
  /** [n, edits, h, w] */
  readonly mask: Tensor<"f32">;
  /** `[cellRows, h, w]`: the share of each cell of the layer's resolution, pooled as masks are. */
  readonly cells: Tensor<"f32">;
  /** `[rows, 1, 1]`: the share of the image. */
  readonly totals: Tensor<"f32">;
  readonly #plan: Plan;
  readonly #batch: Tensor<"u32">;
  readonly #cellBatch: Tensor<"u32">;

  constructor(plan: Plan, { edit, batch, cellBatch, whole, cells, totals, map }: ResponseValues) {
    this.#plan = plan;
    [this.images = 1] = map.shape;
    this.alpha = plan.tensor(edit.alpha);
    this.value = plan.tensor(edit.value);
    this.mask = plan.tensor(edit.mask);
    this.cells = plan.tensor(cells);
    this.totals = plan.tensor(totals);
    this.#batch = plan.tensor<"u32">(batch);
    this.#cellBatch = plan.tensor<"u32">(cellBatch);
    plan.tensor<"u32">(whole).write(Uint32Array.of(0, this.images));
  }

  static async create(options: ResponseOptions): Promise<Response> {
    const { plan, values } = await compile(options, () => []);
    return new Response(plan, values);
  }

  /**
   * Answers for the first `count` images of what the inputs hold now, in the rows from `row` on;
   * of cells, in those kept.
   */
  run(row: number, count = this.images): void {
    const [cellRows = 1] = this.cells.shape;
    this.#batch.write(Uint32Array.of(row, count));
    this.#cellBatch.write(Uint32Array.of(row, Math.max(0, Math.min(count, cellRows - row))));
    this.#plan.run();
  }

  dispose(): void {
    this.#plan.dispose();
  }
}

/** A response that also tells how α would change it: the gradient of Σ weight · score. */
export class DifferentiableResponse extends Response {
  /** `[n, ...extent]`: what each pixel's score counts for. */
  readonly weights: Tensor<"f32">;
  /** [edits, units rounded up to 4] */
  readonly gradient: Tensor<"f32">;

  private constructor(plan: Plan, values: ResponseValues, weights: Tensor<"f32">, slope: Tensor<"f32">) {
    super(plan, values);
    this.weights = weights;
    this.gradient = slope;
  }

  static override async create(options: Omit<ResponseOptions, "of">): Promise<DifferentiableResponse> {
    const { plan, values, more } = await compile({ ...options, of: "score" }, (graph, { map, edit }) => {
      const weights = graph.value("weights", map.shape);
      const [slope] = gradient(graph, map, [edit.alpha], { seed: weights });
      return [weights, slope!];
    });
    const [weights, slope] = more;
    return new DifferentiableResponse(plan, values, plan.tensor(weights!), plan.tensor(slope!));
  }
}

async function compile(options: ResponseOptions, extend: (graph: Graph, values: ResponseValues) => readonly Value[]) {
  const { generator, segmenter, layer, inputs, signal } = options;
  const { device } = generator;
  const describe = () => {
    const graph = new Graph(device.target, segmenter.storage, device.tuned);
    const values = appendResponse(graph, { ...options, images: inputs.get(layer)!.shape[0]! });
    return { graph, values, more: extend(graph, values) };
  };
  await tune(device, () => describe().graph, signal); // the way back has operations of its own
  const { graph, values, more } = describe();
  const plan = await Plan.compile(device, graph, {
    keep: [values.cells, values.totals, ...more],
    bind: [
      ...(await generator.bind(graph, signal)),
      ...(await segmenter.bind(graph, signal)),
      ...[...values.inputs].map(([name, value]) => [value, inputs.get(name)!] as const),
    ],
    signal,
  });
  return { plan, values, more };
}
