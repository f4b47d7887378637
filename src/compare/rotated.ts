import { generated } from "../dissect/generated.ts";
import type { Batches, OpenOptions, Subject } from "../dissect/subject.ts";
import { conv } from "../kernels/conv/conv.ts";
import { constant } from "../kernels/conv/filter.ts";
import type { Generator } from "../models/generator.ts";
import type { Device } from "../runtime/device.ts";
import { Graph } from "../runtime/graph.ts";
import { Plan } from "../runtime/plan.ts";
import { Scope } from "../runtime/scope.ts";
import type { Tensor } from "../runtime/tensor.ts";
import { RandomState } from "../weights/random.ts";
import { type Turns, turns } from "./linear/turns.ts";

/**
 * The same network, whose layers are seen in a random rotation of their units: the control of
 * network dissection (Bau et al., CVPR 2017). Unit i of a layer is the i-th row of Q f, of an
 * orthogonal Q, at every place. Nothing is lost of what the layer holds, and images and labels are
 * the same; but where concepts are units' own, and not only the layer's, fewer units detect one.
 *
 * Q depends on the seed and the number of units alone; see `randomRotation`. The seed goes into the
 * results' `model.rotation` and, with "rotated", into its name, as its units are none that could be
 * edited.
 * @param seed An integer, 0 ≤ seed < 2³².
 * @throws UsageError for another seed.
 */
export function rotated(of: Generator | Subject, seed: number): Subject {
  const subject = "open" in of ? of : generated(of);
  const { device, height, width, resolution, uncropped, layers, hiddenLayers } = subject;
  new RandomState(seed); // says now what is no seed
  const name = rotatedName(subject.name, seed);
  const rotations = new Map<number, Float32Array>();
  const { images, names } = subject;
  return {
    ...{ name, device, height, width, resolution, uncropped, layers, hiddenLayers },
    layer: (layer) => subject.layer(layer),
    model: { ...subject.model, name, rotation: seed },
    ...(images && { images: (set) => images.call(subject, set) }),
    ...(names && { names: (set) => names.call(subject, set) }),
    ...(subject.fields && { fields: (layer) => subject.fields!(layer), unpadded: subject.unpadded ?? false }),
    append: (graph, batch) => subject.append(graph, batch),
    async open(options) {
      const turn = turns(options.signal);
      for (const layer of options.layers) {
        const { channels } = subject.layer(layer);
        if (!rotations.has(channels)) rotations.set(channels, await randomRotation(seed, channels, turn));
      }
      return open(subject, options, rotations);
    },
  };
}

/** What a network is called in a rotation. */
export const rotatedName = (name: string, seed: number): string => `${name}-rotated-${seed}`;

/** Batches of the subject, and behind them what rotates their layers. */
async function open(
  subject: Subject,
  options: OpenOptions,
  rotations: ReadonlyMap<number, Float32Array>,
): Promise<Batches> {
  const scope = new Scope();
  try {
    const batches = scope.own(await subject.open(options));
    const making = options.layers.map((layer) => {
      const { height, width, channels } = subject.layer(layer);
      const shape = [options.batch, height, width, channels] as const;
      return Rotation.create(subject.device, layer, { shape, by: rotations.get(channels)!, signal: options.signal });
    });
    const made = new Map((await scope.all(making)).map((rotation) => [rotation.layer, rotation]));
    return {
      image: batches.image,
      raw: batches.raw,
      async bring(first, count, image) {
        const { layers, numbers } = await batches.bring(first, count, image);
        const turned = options.layers.map((layer) => [layer, made.get(layer)!.of(layers.get(layer)!)] as const);
        return { layers: new Map(turned), numbers };
      },
      bytes: (count) => batches.bytes(count),
      dispose: () => scope.dispose(),
    };
  } catch (error) {
    scope.dispose();
    throw error;
  }
}

/** A layer's rotation on the device. */
class Rotation {
  readonly layer: string;
  readonly #plan: Plan;
  readonly #from: Tensor<"f32">;
  readonly #to: Tensor<"f32">;

  private constructor(layer: string, plan: Plan, from: Tensor<"f32">, to: Tensor<"f32">) {
    this.layer = layer;
    this.#plan = plan;
    this.#from = from;
    this.#to = to;
  }

  static async create(
    device: Device,
    layer: string,
    {
      shape: [n, height, width, channels],
      by,
      signal,
    }: {
      readonly shape: readonly [n: number, height: number, width: number, channels: number];
      /** [to][from] */
      readonly by: Float32Array;
      readonly signal: AbortSignal | undefined;
    },
  ): Promise<Rotation> {
    const graph = new Graph(device.target, "f32", device.tuned);
    const x = graph.map(layer, n, height, width, channels);
    const y = conv(graph, x, {
      label: `the rotation of ${layer}`,
      ...{ inChannels: channels, outChannels: channels, kernel: 1 },
      weight: { sources: [], of: () => by },
      scale: constant(1, channels),
      bias: constant(0, channels),
    });
    const plan = await Plan.compile(device, graph, { keep: [x, y], signal });
    for (const { value, pack } of graph.parameters) plan.tensor(value).write(Float32Array.from(pack([])));
    return new Rotation(layer, plan, plan.tensor(x), plan.tensor(y));
  }

  /** The layer rotated, which is overwritten by the next. */
  of(maps: Tensor<"f32">): Tensor<"f32"> {
    maps.copyTo(this.#from);
    this.#plan.run();
    return this.#to;
  }

  dispose(): void {
    this.#plan.dispose();
  }
}

/**
 * A random orthogonal matrix [n][n], every one as likely as every other: Q of QR = A with a
 * positive diagonal of R, where A[i][j] is number i · n + j of RandomState(seed).standard_normal
 * (as CVPR 2017 draws it; Diaconis, "What is a random matrix?", 2005). In double precision from
 * numbers rounded to single, so that engines whose logarithms differ draw the same.
 *
 * @throws UsageError for what is no seed; the signal's reason, from `turn`.
 */
export async function randomRotation(seed: number, n: number, turn: Turns = turns()): Promise<Float32Array> {
  const random = new RandomState(seed);
  // Columns of A one behind the other.
  const columns = Array.from({ length: n }, () => new Float64Array(n));
  for (let i = 0; i < n; i += 1) {
    for (const column of columns) column[i] = Math.fround(random.nextNormal());
    await turn();
  }
  // Gram–Schmidt, each column from all behind it as soon as it is there: what is left of
  // orthogonality's error is ε times the condition of A, which is about n, far below single
  // precision.
  for (let j = 0; j < n; j += 1) {
    const q = columns[j]!;
    const norm = Math.sqrt(dot(q, q));
    for (let i = 0; i < n; i += 1) q[i]! /= norm;
    for (let k = j + 1; k < n; k += 1) {
      const v = columns[k]!;
      const along = dot(q, v);
      for (let i = 0; i < n; i += 1) v[i]! -= along * q[i]!;
    }
    await turn();
  }
  return Float32Array.from({ length: n * n }, (_, at) => columns[at % n]![Math.floor(at / n)]!);
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i += 1) sum += a[i]! * b[i]!;
  return sum;
}
