import { UsageError } from "../errors.ts";
import { gradient } from "../gradient/gradient.ts";
import { isFloat32 } from "../models/edits.ts";
import { checkNames, type NamesOf } from "../names.ts";
import type { Device } from "../runtime/device.ts";
import { elements, Graph, type Storage, type Value } from "../runtime/graph.ts";
import { Plan } from "../runtime/plan.ts";
import type { Tensor } from "../runtime/tensor.ts";

/**
 * What is to be maximised: a weighted sum of a value's channels for each image; and how to find the
 * networks' weights.
 */
export interface Objective {
  /** Appends it to a graph, for as many images as its input has. */
  readonly append: (graph: Graph) => {
    /** What is changed: [n, h, w, c]. */
    readonly input: Value;
    /** Made of it: [n, 1, 1, c'], such as a mean over pixels. */
    readonly of: Value;
    /** What each of the c' counts for. */
    readonly weights: readonly number[];
    /** What else it is given, which stays as it is. */
    readonly fixed?: ReadonlyMap<Value, Float32Array<ArrayBuffer>>;
  };
  /** The tensors of the networks' weights in that graph. */
  readonly bind: (graph: Graph) => Promise<Iterable<readonly [Value, Tensor]>>;
  /** Of the weights; "f32" unless given. */
  readonly storage?: Storage;
}

/** How far and how fast to climb. */
export interface AscentOptions {
  /** Steps; 100 unless given. */
  readonly steps?: number;
  /** Adam's learning rate, above 0. */
  readonly rate: number;
  /**
   * What Adam adds to the root of the second moment; 1e-30 unless given, not its usual 1e-8: a
   * class that is hardly there has gradients below that, and moments are doubles.
   */
  readonly epsilon?: number;
  /** Stops it: what was asked rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

const NAMES: NamesOf<AscentOptions> = { steps: true, rate: true, epsilon: true, signal: true };

/** Where the climb is. */
export interface AscentStep {
  /** Steps done: 0 is the start. */
  readonly step: number;
  /** Steps in all. */
  readonly steps: number;
  /** `[n]`: what is maximised, for each image. */
  readonly values: Float32Array;
  /** The input as it is now, [n, h, w, c stored]; overwritten by the next step. */
  readonly input: Float32Array;
}

/** Adam's β (Kingma & Ba, ICLR 2015). */
const [BETA1, BETA2] = [0.9, 0.999];

/**
 * Climbs from `start` [n, h, w, c stored] to inputs that maximise an objective, by Adam. `shape`
 * changes an input after each step, in place: a prior, a regulariser, a projection. Yields before
 * the first step and after each.
 * @throws UsageError for a value that is no number; the signal's reason.
 */
export async function* ascend(
  device: Device,
  objective: Objective,
  start: Float32Array<ArrayBuffer>,
  options: AscentOptions,
  shape: (input: Float32Array, step: number) => void = () => {},
): AsyncGenerator<AscentStep> {
  checkNames("ascend", options, NAMES);
  const { steps = 100, rate, epsilon = 1e-30, signal } = options;
  if (!Number.isInteger(steps) || steps < 1) {
    throw new UsageError(`${steps} steps make no sense.`, "Use a whole number from 1.");
  }
  if (!(rate > 0 && isFloat32(rate))) {
    throw new UsageError(`A rate of ${rate} makes no sense.`, "Use a number above 0, such as 0.05.");
  }
  const graph = new Graph(device.target, objective.storage, device.tuned);
  const { input, of, weights, fixed = new Map() } = objective.append(graph);
  const [n = 1] = input.shape;
  if (of.shape[0] !== n || elements(of.shape) !== n * of.shape.at(-1)!) {
    throw new UsageError(`What is to be maximised is [${of.shape}].`, `Give one number for each of ${n} images.`);
  }
  const seed = graph.value("what counts", of.shape, "f32", of.channels);
  const [slope] = gradient(graph, of, [input], { seed });
  const plan = await Plan.compile(device, graph, { keep: [of, slope!], bind: await objective.bind(graph), signal });
  try {
    const stored = of.shape.at(-1)!;
    const counts = Float32Array.from({ length: elements(of.shape) }, (_, at) => weights[at % stored] ?? 0);
    plan.tensor(seed).write(counts);
    for (const [value, numbers] of fixed) plan.tensor(value).write(numbers);
    // Tables of what the objective itself appends are no network's, which would bind them.
    for (const { value, sources, pack, owner } of graph.parameters) {
      if (owner === undefined && sources.length === 0) plan.tensor(value).write(Float32Array.from(pack([])));
    }
    const x = start.slice();
    const [first, second] = [new Float64Array(x.length), new Float64Array(x.length)];
    for (let step = 0; ; step += 1) {
      signal?.throwIfAborted();
      plan.tensor(input).write(x);
      plan.run();
      const [found, g] = await Promise.all([plan.tensor(of).read(), plan.tensor(slope!).read()]);
      const values = new Float32Array(n);
      found.forEach((value, at) => {
        values[Math.floor((at * n) / found.length)]! += value * counts[at]!;
      });
      if (!values.every(Number.isFinite)) {
        throw new UsageError(`After ${step} steps the value is ${values}.`, "Lower `rate`, or check the weights.");
      }
      yield { step, steps, values, input: x };
      if (step === steps) return;
      const [c1, c2] = [1 - BETA1 ** (step + 1), 1 - BETA2 ** (step + 1)];
      for (let i = 0; i < x.length; i += 1) {
        first[i] = BETA1 * first[i]! + (1 - BETA1) * g[i]!;
        second[i] = BETA2 * second[i]! + (1 - BETA2) * g[i]! ** 2;
        x[i]! += (rate * (first[i]! / c1)) / (Math.sqrt(second[i]! / c2) + epsilon);
      }
      shape(x, step);
    }
  } finally {
    plan.dispose();
  }
}
