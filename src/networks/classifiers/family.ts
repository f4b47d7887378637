// Tests: test/networks/classifiers/recognise.test.ts

import type { Architecture, Build } from "../network.ts";
import type { State } from "../state.ts";
import type { PIXELS, View } from "./network.ts";

/** The pictures of most networks of ImageNet. */
export const IMAGENET_VIEW = { edge: 224, resized: 256 } as const;

/** A family of classifiers, and how its files are known. */
export interface ClassifierFamily {
  /** For messages, with its article: "a ResNet". */
  readonly name: string;
  /** Tensors of which all are in every file of the family, and not in another's. */
  readonly keys: readonly RegExp[];
  /** The network of tensors in which those keys were found. */
  of(state: State): ClassifierArchitecture;
}

/** A classifier written as a function: what goes in is preprocessed, what comes out are logits. */
export interface ClassifierArchitecture extends Pick<Architecture, "name" | "described"> {
  /** The pictures that it was trained with. */
  readonly view: Pick<View, "edge" | "resized">;
  /** What they became; "imagenet" unless given. */
  readonly pixels?: keyof typeof PIXELS;
  /** See `ClassifierNetwork.unpadded`; no unless given. */
  readonly unpadded?: boolean;
  build(build: ClassifierBuild): void;
}

/** What a classifier describes itself with: its image is given, its logits are its output. */
export interface ClassifierBuild extends Pick<Build, "graph" | "state" | "layer"> {
  /** Preprocessed pixels [n, edge, edge, 3]. */
  readonly image: ReturnType<Build["input"]>;
  /** Says what makes the logits [n, 1, 1, classes]. */
  logits(make: ReturnType<Build["input"]>): void;
}
