import { withFittingBatch } from "../models/batch-size.ts";
import type { Edit } from "../models/edits.ts";
import type { Generator } from "../models/generator.ts";
import type { GeneratorPlan } from "../models/generator-plan.ts";
import { withoutAlpha } from "../models/images.ts";
import { Recent } from "../runtime/recent.ts";
import type { Networks } from "./networks.ts";
import { Turns } from "./turns.ts";

// Tests: test/server/renderer.test.ts

/** Plans that are kept: for one image and for several, with and without edits. */
const PLANS = 8;
/** Images at a time, and pixels of all of them: eight of 256 × 256. */
const BATCH = 8;
const BATCH_PIXELS = BATCH * 256 ** 2;

/** An image as the generator made it. */
export interface Rendered {
  readonly height: number;
  readonly width: number;
  /** [height, width, 3] */
  readonly rgb: Uint8Array;
}

export interface RenderOptions {
  readonly edits?: readonly Edit[];
  readonly signal?: AbortSignal;
}

/**
 * Runs one generator for many requests, one at a time. Plans are kept by what they were compiled
 * for; their edits are dense, so that a further stroke compiles nothing. When the device is lost
 * what is under way begins anew on another one, as `Networks` says.
 */
export class Renderer {
  readonly #networks: Networks;
  readonly #turns: Turns;
  readonly #plans = new Recent<GeneratorPlan>({ entries: PLANS }, (plan) => plan.dispose());
  #batch: number;
  /** What the plans are of. */
  #planned: Generator;

  constructor(networks: Networks, queue: number) {
    const { generator } = networks;
    this.#networks = networks;
    this.#planned = generator;
    this.#turns = new Turns(queue);
    const most = Math.floor(BATCH_PIXELS / (generator.height * generator.width));
    this.#batch = 2 ** Math.floor(Math.log2(Math.max(1, Math.min(BATCH, most))));
  }

  get generator(): Generator {
    return this.#networks.generator;
  }

  /**
   * Work on the generator's device in its turn, which may have to begin anew with another
   * generator.
   */
  turn<T>(work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    return this.#turns.take(() => this.#networks.use(work), signal);
  }

  /** What these images of a seed are made of. */
  rowsOf(ids: readonly number[], seed = 1): Float32Array {
    const { generator } = this;
    const { rowSize } = generator;
    const rows = new Float32Array(ids.length * rowSize);
    for (const [i, id] of ids.entries()) rows.set(generator.sample({ size: 1, seed, start: id }), i * rowSize);
    return rows;
  }

  /** The images of these rows. */
  images(rows: Float32Array, { edits = [], signal }: RenderOptions = {}): Promise<Rendered[]> {
    const { height, width } = this.generator;
    const pixels = height * width;
    return this.turn(async () => {
      const images: Rendered[] = [];
      await this.#run(rows, { edits, retain: [], signal }, async (plan, count) => {
        const rgba = new Uint8Array((await plan.rgba!.read(count * pixels)).buffer);
        for (let i = 0; i < count; i += 1) images.push({ height, width, rgb: withoutAlpha(rgba, i * pixels, pixels) });
      });
      return images;
    }, signal);
  }

  /** These layers' features before their edits, of all rows: [n, h, w, c rounded up to 4] each. */
  features(
    rows: Float32Array,
    layers: readonly string[],
    { edits = [], signal }: RenderOptions = {},
  ): Promise<ReadonlyMap<string, Float32Array>> {
    if (layers.length === 0) return Promise.resolve(new Map());
    // What is edited there or later changes nothing, as features are those before edits.
    const depth = this.#depth(this.#deepest(layers));
    const before = edits.filter(({ layer }) => this.#depth(layer) < depth);
    return this.turn(async () => {
      const parts = new Map<string, Float32Array[]>(layers.map((layer) => [layer, []]));
      await this.#run(rows, { edits: before, retain: layers, signal }, async ({ layers, batch }, count) => {
        for (const [name, tensor] of layers) {
          const all = await tensor.read();
          parts.get(name)!.push(all.subarray(0, (all.length / batch) * count));
        }
      });
      return new Map([...parts].map(([name, list]) => [name, joined(list)]));
    }, signal);
  }

  async #run(
    rows: Float32Array,
    options: {
      readonly edits: readonly Edit[];
      readonly retain: readonly string[];
      readonly signal?: AbortSignal | undefined;
    },
    read: (plan: GeneratorPlan, count: number) => Promise<void>,
  ): Promise<void> {
    const { rowSize } = this.generator;
    const { edits, retain, signal } = options;
    const size = rows.length / rowSize;
    for (let first = 0; first < size; ) {
      signal?.throwIfAborted();
      // As many as a power of two: rows that a plan has no use for would cost as much as others.
      const wanted = Math.min(this.#batch, 2 ** Math.floor(Math.log2(size - first)));
      const plan = await withFittingBatch(this.generator.device, wanted, (batch) => this.#plan(batch, edits, retain));
      const count = plan.batch;
      if (count < wanted) this.#batch = count;
      plan.setEdits(edits);
      plan.run(rows.subarray(first * rowSize, (first + count) * rowSize));
      await read(plan, count);
      first += count;
    }
  }

  /** Not ended by a request's signal: the next one needs it as well. */
  async #plan(batch: number, edits: readonly Edit[], retain: readonly string[]): Promise<GeneratorPlan> {
    const { generator } = this;
    if (generator !== this.#planned) this.#plans.clear();
    this.#planned = generator;
    const edited = [...new Set(edits.map(({ layer }) => layer))].sort();
    const key = JSON.stringify([batch, edited, [...retain].sort()]);
    const known = this.#plans.get(key);
    if (known) return known;
    const plan = await generator.compile({
      batch,
      editable: edited.map((layer) => ({ layer, dense: true })),
      retain,
      ...(retain.length === 0 ? { bytes: true } : { until: this.#deepest(retain) }),
    });
    this.#plans.set(key, plan);
    return plan;
  }

  #deepest(layers: readonly string[]): string {
    return layers.reduce((a, b) => (this.#depth(a) > this.#depth(b) ? a : b));
  }

  #depth(layer: string): number {
    return this.generator.layers.findIndex(({ name }) => name === layer);
  }

  /** Lets the plans go. */
  dispose(): void {
    this.#plans.clear();
  }
}

function joined(parts: readonly Float32Array[]): Float32Array {
  const all = new Float32Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
