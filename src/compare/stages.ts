// Tests: test/compare/measure.test.ts

import { Counting } from "../causality/counting.ts";
import { type Pooled, Pooling } from "../dissect/pooling.ts";
import type { Segmenter } from "../models/segmenter.ts";
import { elements, Graph } from "../runtime/graph.ts";
import { Plan } from "../runtime/plan.ts";
import { Scope } from "../runtime/scope.ts";
import type { Tensor } from "../runtime/tensor.ts";
import { tune } from "../runtime/tune.ts";
import type { FeatureNetwork } from "./features.ts";
import type { Images, OpenImages } from "./images.ts";

/** What has come back of a batch. */
export interface Rows {
  readonly vectors?: Float32Array | undefined;
  readonly areas?: Uint32Array | undefined;
  readonly pooled?: Pooled | undefined;
}

/** From images to rows. */
export interface Stages {
  /** Starts on images `first`…; what it resolves with is a promise of their rows, being read. */
  run(first: number, count: number): Promise<{ readonly rows: Promise<Rows>; readonly found: number }>;
}

export interface StagesOptions {
  readonly features?: FeatureNetwork;
  readonly segmenter?: Segmenter;
  readonly batch: number;
  readonly signal: AbortSignal | undefined;
}

/** From images to rows; everything belongs to the scope. */
export async function openStages(
  images: Images,
  { features, segmenter, batch, signal }: StagesOptions,
  scope: Scope,
): Promise<Stages> {
  const raw = segmenter?.reads === "raw";
  const brought = scope.own(await images.open({ batch, raw, signal }));
  const reading = features && scope.own(await vectorsOf(features, brought.image, signal));
  const seen = segmenter && scope.own(await areasOf(segmenter, images, brought, signal));
  const pooling = brought.maps && scope.own(await Pooling.create(brought.maps, signal));
  return {
    async run(first, count) {
      const found = await brought.bring(first, count);
      if (found === 0) return { rows: Promise.resolve({}), found };
      const started = Promise.all([reading?.read(found), seen?.read(found), pooling?.read(found)]);
      return { rows: started.then(([vectors, areas, pooled]) => ({ vectors, areas, pooled })), found };
    },
  };
}

/** The vectors of what is in an image tensor. */
async function vectorsOf(features: FeatureNetwork, image: Tensor<"f32">, signal: AbortSignal | undefined) {
  const { device } = features;
  const [n = 1, height = 1, width = 1] = image.shape;
  const describe = () => {
    const graph = new Graph(device.target, "f32", device.tuned);
    const x = graph.map("image", n, height, width, 3);
    return { graph, x, y: features.append(graph, x) };
  };
  await tune(device, () => describe().graph, signal);
  const { graph, x, y } = describe();
  const bind = [...(await features.bind(graph, signal)), [x, image] as const];
  const plan = await Plan.compile(device, graph, { keep: [y], bind, signal });
  const stored = elements(y.shape) / n;
  return {
    async read(count: number): Promise<Float32Array> {
      plan.run();
      return plan.tensor(y).read(count * stored);
    },
    dispose: () => plan.dispose(),
  };
}

/** The pixels of labels, of what is in an image tensor. */
async function areasOf(
  segmenter: Segmenter,
  { height, width }: Images,
  { image, raw }: OpenImages,
  signal: AbortSignal | undefined,
) {
  const scope = new Scope();
  try {
    const given = segmenter.reads === "raw" ? raw! : image;
    const plan = scope.own(await segmenter.compile(given, [height, width], signal));
    const [n = 1] = plan.labels.shape;
    const labels = segmenter.labels.length;
    const table = [n, 1, 1, labels];
    const counting = scope.own(await Counting.create(segmenter.device, plan.labels, table, { counted: 1, signal }));
    return {
      // async: what throws at once would leave the reads before it to nobody
      async read(count: number): Promise<Uint32Array> {
        plan.run();
        counting.clear();
        counting.add(0, count);
        return counting.read();
      },
      dispose: () => scope.dispose(),
    };
  } catch (error) {
    scope.dispose();
    throw error;
  }
}
