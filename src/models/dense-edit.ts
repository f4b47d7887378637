import { stroke } from "../kernels/edit/dense.ts";
import type { LayerInfo } from "../networks/network.ts";
import { Graph, padded } from "../runtime/graph.ts";
import { Plan } from "../runtime/plan.ts";
import { Tensor } from "../runtime/tensor.ts";
import { type Copied, copyFeatures, type Edit, type EditNumbers, editNumbers } from "./edits.ts";

/** After so many edits a checkpoint is kept, so that what is taken back composes few anew. */
const SPACING = 16;
/** Bytes of checkpoints; where there would be more, every other one goes. */
const CHECKPOINT_BYTES = 64 * 2 ** 20;

/** An edit as it was set. */
interface Stroke {
  readonly edit: Edit;
  readonly numbers: EditNumbers;
  /** `[h, w, c]`: what it copied, which may be something else when it is composed anew. */
  features?: Tensor<"f32">;
}

/** Cells of a layer, from the top left one to before the bottom right one. */
export interface Cells {
  readonly top: number;
  readonly left: number;
  readonly bottom: number;
  readonly right: number;
}

/** What one edit is composed of, on the GPU. */
type Numbers = Readonly<Record<"alpha" | "value" | "mask" | "source", Tensor<"f32">>>;

/**
 * The edits of a dense layer: a list of any length, and on the GPU what they are composed to. The
 * composition of all but the last is kept too, so that another in its place, or one behind it, is
 * one step.
 */
export class DenseEdit {
  readonly #layer: LayerInfo;
  /** From `#base` and one edit's numbers to `#composed`. */
  readonly #plan: Plan;
  readonly #numbers: Numbers;
  readonly #composed: Tensor<"f32">;
  readonly #base: Tensor<"f32">;
  #strokes: readonly Stroke[] = [];
  /** How many of the edits are composed in each of both; −1 for none that are still there. */
  readonly #holds = { composed: -1, base: -1 };
  /** Compositions of the first so many edits; that of none is always there. */
  readonly #checkpoints: Map<number, Tensor<"f32">>;
  #spacing = SPACING;
  /** Whether the source of copied values holds some. */
  #copied = false;
  #changed: Cells | undefined;

  private constructor(layer: LayerInfo, plan: Plan, numbers: Numbers, composed: Tensor<"f32">, base: Tensor<"f32">) {
    this.#layer = layer;
    this.#plan = plan;
    this.#numbers = numbers;
    this.#composed = composed;
    this.#base = base;
    const none = new Float32Array(composed.bytes / 4).fill(1, 0, composed.bytes / 8);
    this.#checkpoints = new Map([
      [0, Tensor.from(composed.device, `${layer.name}.unedited`, composed.shape, "f32", none)],
    ]);
  }

  /** For a layer of a network that reads `composed` [2, h, w, c]. */
  static async create(layer: LayerInfo, composed: Tensor<"f32">): Promise<DenseEdit> {
    const { name, channels, height, width } = layer;
    const graph = new Graph(composed.device.target);
    const { before, after, ...values } = stroke(graph, name, [height, width, padded(channels)]);
    const plan = await Plan.compile(composed.device, graph, { bind: [[after, composed]] });
    const numbers = Object.fromEntries(
      Object.entries(values).map(([key, value]) => [key, plan.tensor(value)]),
    ) as Numbers;
    return new DenseEdit(layer, plan, numbers, composed, plan.tensor(before));
  }

  /**
   * Checks the edits that are new; what is returned composes them, for the next run on. Nothing is
   * changed before.
   * @throws UsageError, ShapeError for what does not fit.
   */
  prepare(edits: readonly Edit[]): () => void {
    // Nearly all are where they were: no map of them is made whenever a pointer moves.
    const before = this.#strokes;
    const strokes = edits.map((edit, at): Stroke => {
      const known = before[at]?.edit === edit ? before[at] : before.find((stroke) => stroke.edit === edit);
      return known ?? { edit, numbers: editNumbers(this.#layer, edit, 1) };
    });
    return () => this.#set(strokes);
  }

  #set(strokes: readonly Stroke[]): void {
    const before = this.#strokes;
    const differs = before.findIndex((stroke, index) => stroke !== strokes[index]);
    const same = differs < 0 ? before.length : differs;
    this.#strokes = strokes;
    const [gone, come] = [before.slice(same), strokes.slice(same)];
    this.#mark(gone, come);
    for (const stroke of come) if (stroke.numbers.copied) stroke.features ??= this.#snapshot(stroke.numbers.copied);
    for (const stroke of gone) if (!strokes.includes(stroke)) stroke.features?.dispose();
    this.#forget(same);
    const { composed, base } = this.#holds;
    let first = Math.max(composed, base, ...[...this.#checkpoints.keys()]);
    if (first === strokes.length) this.#bring("composed", first);
    for (; first < strokes.length; first += 1) {
      this.#bring("base", first);
      this.#keep(first);
      this.#compose(strokes[first]!);
      this.#holds.composed = first + 1;
    }
  }

  /** The cells around all that changed since this was last asked; undefined where none did. */
  takeChanged(): Cells | undefined {
    const changed = this.#changed;
    this.#changed = undefined;
    return changed;
  }

  /** Marks the cells where some edits differ from what was in their place. */
  #mark(before: readonly Stroke[], after: readonly Stroke[]): void {
    let behind = 0;
    const shorter = Math.min(before.length, after.length);
    while (behind < shorter && before.at(-1 - behind) === after.at(-1 - behind)) behind += 1;
    const [gone, come] = [before.slice(0, before.length - behind), after.slice(0, after.length - behind)];
    const { height, width } = this.#layer;
    let { top, left, bottom, right } = this.#changed ?? { top: height, left: width, bottom: 0, right: 0 };
    for (let at = 0; at < Math.max(gone.length, come.length); at += 1) {
      const differs = difference(gone[at], come[at]);
      for (let cell = 0; cell < height * width; cell += 1) {
        if (!differs(cell)) continue;
        const [row, column] = [Math.floor(cell / width), cell % width];
        [top, left] = [Math.min(top, row), Math.min(left, column)];
        [bottom, right] = [Math.max(bottom, row + 1), Math.max(right, column + 1)];
      }
    }
    if (bottom > 0) this.#changed = { top, left, bottom, right };
  }

  /** What was composed of more than the first `same` edits is of use no more. */
  #forget(same: number): void {
    for (const which of ["composed", "base"] as const) if (this.#holds[which] > same) this.#holds[which] = -1;
    for (const [count, checkpoint] of this.#checkpoints) if (count > same) this.#drop(count, checkpoint);
    if (same < SPACING) this.#spacing = SPACING;
  }

  #drop(count: number, checkpoint: Tensor<"f32">): void {
    checkpoint.dispose();
    this.#checkpoints.delete(count);
  }

  /** Has one of both hold the composition of the first `count` edits, which is somewhere. */
  #bring(which: "composed" | "base", count: number): void {
    if (this.#holds[which] === count) return;
    const other = which === "composed" ? "base" : "composed";
    const tensors = { composed: this.#composed, base: this.#base };
    const from = this.#holds[other] === count ? tensors[other] : this.#checkpoints.get(count)!;
    from.copyTo(tensors[which]);
    this.#holds[which] = count;
  }

  /** A checkpoint of the base, where one is due. */
  #keep(count: number): void {
    if (count % this.#spacing !== 0 || this.#checkpoints.has(count)) return;
    if ((this.#checkpoints.size + 1) * this.#base.bytes > CHECKPOINT_BYTES) {
      this.#spacing *= 2;
      for (const [at, tensor] of this.#checkpoints) if (at % this.#spacing !== 0) this.#drop(at, tensor);
      if (count % this.#spacing !== 0) return;
    }
    const { device, shape } = this.#base;
    const checkpoint = Tensor.create(device, `${this.#layer.name}.checkpoint ${count}`, shape, "f32");
    this.#base.copyTo(checkpoint);
    this.#checkpoints.set(count, checkpoint);
  }

  /** The composition of the base's edits and this one. */
  #compose({ numbers: { alpha, value, masks }, features }: Stroke): void {
    this.#numbers.alpha.write(alpha as Float32Array<ArrayBuffer>);
    this.#numbers.value.write(value as Float32Array<ArrayBuffer>);
    this.#numbers.mask.write(masks[0] as Float32Array<ArrayBuffer>);
    if (features) features.copyTo(this.#numbers.source);
    else if (this.#copied) this.#numbers.source.clear();
    this.#copied = features !== undefined;
    this.#plan.run();
  }

  #snapshot(copied: Required<Copied>): Tensor<"f32"> {
    const { device, label, shape } = this.#numbers.source;
    const features = Tensor.create(device, label, shape, "f32");
    copyFeatures(copied, features);
    return features;
  }

  dispose(): void {
    for (const { features } of this.#strokes) features?.dispose();
    for (const checkpoint of this.#checkpoints.values()) checkpoint.dispose();
    this.#plan.dispose();
  }
}

/** In which cells one edit, or none, differs from another, or none. */
function difference(one: Stroke | undefined, other: Stroke | undefined): (cell: number) => boolean {
  const [a, b] = [one?.numbers, other?.numbers];
  const [before, after] = [a?.masks[0], b?.masks[0]];
  const alike = a && b && !a.copied && !b.copied && equal(a.alpha, b.alpha) && equal(a.value, b.value);
  return alike ? (cell) => before![cell] !== after![cell] : (cell) => Boolean(before?.[cell] || after?.[cell]);
}

const equal = (a: Float32Array, b: Float32Array): boolean => a.every((number, index) => number === b[index]);
