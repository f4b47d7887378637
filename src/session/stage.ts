import type { Edit } from "../models/edits.ts";
import type { Generator } from "../models/generator.ts";
import type { GeneratorPlan } from "../models/generator-plan.ts";
import type { Segmenter } from "../models/segmenter.ts";
import type { SegmenterPlan } from "../models/segmenter-plan.ts";
import { rowToward } from "../models/sphere.ts";
import { Recent } from "../runtime/recent.ts";
import { Tensor } from "../runtime/tensor.ts";
import { checkReach, type HeldLatents } from "./latents.ts";
import type { Toward } from "./recipe.ts";

// Tests: test/session/stage.test.ts, test/session/session.test.ts

/** An edited image whose strokes are edits of its layer. */
export interface Scene {
  readonly seed: number;
  readonly image: number;
  /** Whose image it is, in place of the seed's. */
  readonly own: HeldLatents | undefined;
  readonly toward: readonly Toward[];
  /** Undefined for an image as it is. */
  readonly layer: string | undefined;
  readonly edits: readonly Edit[];
}

/** What is wanted of a scene besides its picture. */
export interface Wanted {
  /** Layers, before any edit in themselves. */
  readonly layers?: readonly string[];
  readonly labels?: boolean;
  readonly signal?: AbortSignal | undefined;
}

/** A scene on the GPU, until the next one is: whoever reads it starts that at once. */
export interface Frame {
  /** [1, height, width, 4], RGB in [−1, 1] and a zero. */
  readonly image: Tensor<"f32">;
  /** [1, height, width], packed. */
  readonly rgba: Tensor<"u32">;
  readonly layers: ReadonlyMap<string, Tensor<"f32">>;
  /** [1, maps, height, width], where they are wanted. */
  readonly labels: Tensor<"u32"> | undefined;
}

/** Rows of z, and features, that are kept: a strip of pictures under the one that is painted on. */
const KEPT = 64;
/** Bytes of features that may be kept. */
const KEPT_BYTES = 64 * 2 ** 20;
/** Layers that plans are kept for: two pictures that are painted on in different ones. */
const LAYERS = 2;

/** Copies of what a head made of the images that were shown last, as far as they fit. */
class KeptFeatures {
  readonly #originals: ReadonlyMap<string, Tensor<"f32">>;
  readonly #copies: Recent<ReadonlyMap<string, Tensor<"f32">>>;

  constructor(...tensors: readonly ReadonlyMap<string, Tensor<"f32">>[]) {
    this.#originals = new Map(tensors.flatMap((named) => [...named]));
    const bytes = [...this.#originals.values()].reduce((sum, tensor) => sum + tensor.bytes, 0);
    this.#copies = new Recent({ entries: Math.min(KEPT, Math.floor(KEPT_BYTES / bytes)) }, (copies) => {
      for (const copy of copies.values()) copy.dispose();
    });
  }

  /** Brings an image's back; false if they were not kept. */
  restore(image: string): boolean {
    const copies = this.#copies.get(image);
    for (const [name, copy] of copies ?? []) copy.copyTo(this.#originals.get(name)!);
    return copies !== undefined;
  }

  /** Copies what there is now, as the image's. */
  keep(image: string): void {
    const copies = new Map<string, Tensor<"f32">>();
    for (const [name, original] of this.#originals) {
      const copy = Tensor.create(original.device, `kept ${name}`, original.shape, "f32");
      original.copyTo(copy);
      copies.set(name, copy);
    }
    this.#copies.set(image, copies);
  }

  dispose(): void {
    this.#copies.clear();
  }
}

/** Options of a plan that shows images as they are, one at a time. */
export const shownPlan = (segmenter: Segmenter | undefined) => ({
  batch: 1,
  bytes: true,
  raw: segmenter?.reads === "raw",
});

/** A pair of plans: up to the edited layer, and from there to the image. */
interface Plans {
  readonly layer: string | undefined;
  readonly retained: ReadonlySet<string>;
  readonly head: GeneratorPlan | undefined;
  readonly tail: GeneratorPlan;
  readonly features: KeptFeatures | undefined;
  segmentation: Promise<SegmenterPlan> | undefined;
  /** The image whose features the tail has read. */
  at: string;
  dispose(): void;
}

/**
 * Shows scenes of a generator, one at a time, as fast as that goes: what leads up to the edited
 * layer is run once an image, strokes are composed as they come, and of what is behind the layer
 * only that is run which they change, where the network allows it. Plans are compiled anew only for
 * another layer that is edited, or one that nobody looked at before.
 */
export class Stage {
  readonly #generator: Generator;
  readonly #segmenter: Segmenter | undefined;
  /** The layer whose features it is given in place of z. */
  readonly #from: string | undefined;
  readonly #rows = new Recent<Float32Array<ArrayBuffer>>({ entries: KEPT });
  /** By the layer that is edited. */
  readonly #plans = new Recent<Plans>({ entries: LAYERS }, (plans) => plans.dispose());
  /** Those that were used last. */
  #now: Plans | undefined;
  /** Settles when plans that are being compiled are, or could not be. */
  #turn: Promise<unknown> = Promise.resolve();
  /** Why nothing is shown any more. */
  #ended: Error | undefined;

  /** @param from of scenes whose latents are features of this layer, as all of them are then. */
  constructor(generator: Generator, segmenter: Segmenter | undefined, from?: string) {
    this.#generator = generator;
    this.#segmenter = segmenter;
    this.#from = from;
  }

  /**
   * Runs a scene and hands it to `use`, which may read from it what it starts to read before it
   * returns.
   * @throws what compiling throws; the signal's reason.
   */
  async show<T>(scene: Scene, wanted: Wanted, use: (frame: Frame) => T | Promise<T>): Promise<T> {
    // One after the other only as far as plans are changed: a run and what reads it are submitted
    // without anything between.
    const turn = this.#turn.then(() => this.#ready(scene, wanted));
    this.#turn = turn.catch(() => {});
    return turn.then(({ plans, segmentation }) => use(this.#run(scene, plans, wanted, segmentation)));
  }

  async #ready(scene: Scene, { layers = [], labels = false, signal }: Wanted) {
    signal?.throwIfAborted();
    const reached = scene.layer === undefined ? layers : [...layers, scene.layer];
    if (scene.own) checkReach(scene.own, this.#generator, { ...scene, isMoved: isMoved(scene), layers: reached });
    // An image as it is comes from plans of any layer.
    const layer = scene.layer ?? this.#now?.layer;
    const known = this.#plans.get(layer ?? "");
    const fits = known && layers.every((name) => known.retained.has(name));
    const retained = new Set([...((known ?? this.#now)?.retained ?? []), ...layers]);
    const plans = fits ? known : await this.#compile(layer, retained, signal);
    if (this.#ended) {
      if (!fits) plans.dispose();
      throw this.#ended;
    }
    if (!fits) this.#plans.set(layer ?? "", plans);
    if (layer !== undefined) this.#plans.delete(""); // others show an image as it is, too
    this.#now = plans;
    const { tail } = plans;
    const segmenter = this.#segmenter;
    if (labels && segmenter) {
      const { height, width } = this.#generator;
      if (!plans.segmentation) {
        plans.segmentation = segmenter.compile(tail[segmenter.reads]!, [height, width]);
        // Memory that it lacked may be there when somebody asks again.
        plans.segmentation.catch(() => {
          plans.segmentation = undefined;
        });
      }
    }
    const segmentation = labels ? await plans.segmentation : undefined;
    if (this.#ended) throw this.#ended;
    return { plans, segmentation };
  }

  async #compile(
    layer: string | undefined,
    retained: ReadonlySet<string>,
    signal: AbortSignal | undefined,
  ): Promise<Plans> {
    const generator = this.#generator;
    const order = generator.layers.map(({ name }) => name);
    const edited = layer === undefined ? -1 : order.indexOf(layer);
    const behind = [...retained].filter((name) => order.indexOf(name) > edited);
    const before = [...retained].filter((name) => order.indexOf(name) < edited);
    const common = { ...shownPlan(this.#segmenter), signal };
    const given = this.#from === undefined ? {} : { from: this.#from };
    // What is given of the edited layer itself, nothing leads up to.
    const head =
      layer === undefined || layer === this.#from
        ? undefined
        : await generator.compile({ batch: 1, ...given, retain: [...before, layer], until: layer, signal });
    let tail: GeneratorPlan;
    try {
      tail =
        layer === undefined
          ? await generator.compile({ ...common, ...given, retain: behind })
          : await generator.compile({
              ...common,
              from: layer,
              ...(head && { inputs: head.behind(layer) }),
              editable: [{ layer, dense: true }],
              retain: head ? behind : [...retained],
              incremental: true,
            });
    } catch (error) {
      head?.dispose();
      throw error;
    }
    const plans: Plans = {
      layer,
      retained,
      head,
      tail,
      features: head && new KeptFeatures(head.behind(layer!), head.layers),
      segmentation: undefined,
      at: "",
      dispose: () => {
        plans.segmentation?.then(
          (segmentation) => segmentation.dispose(),
          () => {},
        );
        plans.features?.dispose();
        tail.dispose();
        head?.dispose();
      },
    };
    return plans;
  }

  /** Submits a scene, all at once. */
  #run(scene: Scene, plans: Plans, { labels }: Wanted, segmentation: SegmenterPlan | undefined): Frame {
    const { head, tail } = plans;
    const moved = scene.toward.length > 0;
    const of = scene.own?.about.sha256 ?? scene.seed;
    const key = `${of}/${scene.image}${moved ? JSON.stringify(scene.toward) : ""}`;
    if (plans.layer !== undefined) tail.setEdits(scene.edits);
    if (plans.layer !== undefined && plans.at === key) tail.runChanged();
    else if (head) {
      if (!plans.features?.restore(key)) {
        head.run(this.#row(scene));
        // Whoever moves on passes more of them than can be kept, and comes back to none.
        if (!moved) plans.features?.keep(key);
      }
      tail.run();
    } else tail.run(this.#row(scene));
    plans.at = key;
    if (labels) segmentation?.run();
    return {
      image: tail.image!,
      rgba: tail.rgba!,
      layers: new Map([...(head?.layers ?? []), ...tail.layers]),
      labels: labels ? segmentation?.labels : undefined,
    };
  }

  #row({ seed, image, own, toward }: Omit<Scene, "layer" | "edits">): Float32Array {
    const length = own ? own.rows.length / own.size : 0;
    const from = own ? own.rows.subarray(image * length, (image + 1) * length) : this.#drawn(seed, image);
    if (!isMoved({ toward })) return from;
    const others = toward.map((other) => this.#drawn(other.seed, other.image));
    const shares = toward.map(({ share }) => share);
    return rowToward(from, others, shares, this.#generator.zSize);
  }

  #drawn(seed: number, image: number): Float32Array<ArrayBuffer> {
    const key = `${seed}/${image}`;
    const known = this.#rows.get(key);
    if (known) return known;
    const row = this.#generator.sample({ size: 1, seed, start: image });
    this.#rows.set(key, row);
    return row;
  }

  /** @param reason what those are told who wait. */
  dispose(reason: Error): void {
    this.#ended = reason;
    this.#plans.clear();
  }
}

const isMoved = ({ toward }: Pick<Scene, "toward">): boolean => toward.some(({ share }) => share !== 0);
