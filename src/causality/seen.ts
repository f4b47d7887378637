import { UsageError } from "../errors.ts";
import { average } from "../kernels/maps/resample.ts";
import { probability } from "../kernels/readout/classify.ts";
import type { Classifier } from "../models/classifier.ts";
import type { AscentStep, Objective } from "./ascent.ts";
import { type MaximiseImageOptions, maximiseFrom } from "./maximise.ts";
import type { Scalar } from "./occlusion.ts";

/** A class's place among the classifier's, by its name or number. @throws UsageError */
function classOf({ name, classes }: Classifier, asked: number | string): number {
  const place = typeof asked === "string" ? classes.indexOf(asked) : asked;
  const last = typeof asked === "string" ? classes.lastIndexOf(asked) : place;
  if (place !== last) {
    throw new UsageError(
      `${name} has several classes "${asked}", ${place} and ${last} among them.`,
      "Give the number of the one that is meant.",
    );
  }
  if (Number.isInteger(place) && place >= 0 && place < classes.length) return place;
  throw new UsageError(
    `${name} has no class ${typeof asked === "string" ? `"${asked}"` : asked}.`,
    `Name one of its ${classes.length}, ${classes.slice(0, 3).join(", ")} …, or give its number from 0.`,
  );
}

/**
 * How sure a classifier is of a class, its softmax among all: for `occlude`, whose drops are then
 * falls of that probability (Zeiler & Fergus, ECCV 2014, §4.2).
 * @throws UsageError for a class that is none.
 */
export function classScalar(classifier: Classifier, asked: number | string): Scalar {
  const channel = classOf(classifier, asked);
  const range = { first: 0, count: classifier.classes.length };
  return {
    name: `${classifier.name} class ${channel}`,
    append: (graph, image) => {
      const { logits } = classifier.append(graph, image.shape[0]!, { image });
      return probability(graph, logits!, { range, channel }, [1, 1]);
    },
    bind: (graph) => classifier.bind(graph),
  };
}

/** What a classifier is to be shown: a class, or a unit of a layer. */
export type Wanted =
  | {
      /** A class, by its name or its number from 0. */
      readonly class: number | string;
    }
  | {
      /** Its name, as in `classifier.layers`. */
      readonly layer: string;
      /** Channel of the layer, from 0. */
      readonly unit: number;
    };

/**
 * Images in [−1, 1] that a classifier takes most for a class, or that drive a unit most: from noise
 * they maximise the class's logit, or the unit's mean activation, with the priors of
 * `maximiseImage` (Yosinski et al., ICML workshop 2015, §3). Steps hold images [images, edge, edge,
 * 4].
 *
 * @throws UsageError for a class or a unit that is none.
 */
export function maximiseSeen(
  classifier: Classifier,
  wanted: Wanted,
  options: Omit<MaximiseImageOptions, "size"> = {},
): AsyncGenerator<AscentStep> {
  const { edge } = classifier.view;
  const images = options.images ?? 1;
  const [until, channels, channel] =
    "class" in wanted
      ? [undefined, classifier.classes.length, classOf(classifier, wanted.class)]
      : [wanted.layer, classifier.layer(wanted.layer).channels, wanted.unit];
  if (!Number.isInteger(channel) || channel < 0 || channel >= channels) {
    throw new UsageError(`${until} has no unit ${channel}.`, `Its units are 0…${channels - 1}.`);
  }
  const objective: Objective = {
    append(graph) {
      const input = graph.map("image", images, edge, edge, 3);
      const { layers, logits } = classifier.append(graph, images, { image: input, ...(until && { until }) });
      const of = until === undefined ? logits! : average(graph, layers.get(until)!, 1, 1);
      return { input, of, weights: Array.from({ length: channels }, (_, c) => Number(c === channel)) };
    },
    bind: (graph) => classifier.bind(graph, options.signal),
  };
  return maximiseFrom(classifier.device, objective, [edge, edge], options);
}
