// Tests: test/networks/classifiers/recognise.test.ts

import type { Pixels } from "../../kernels/maps/resample.ts";
import type { Network } from "../network.ts";

/** How a photograph becomes the square picture that a classifier sees. */
export interface View {
  /** Edge of the picture in pixels. */
  readonly edge: number;
  /** Edge that the photograph is resized to before its middle is cut out; at least `edge`. */
  readonly resized: number;
  /**
   * "crop" resizes the shorter side, as torchvision's and Places365's transforms do; "squash" both,
   * whatever its proportions, as PNAS 2020 does.
   */
  readonly fit: "crop" | "squash";
}

/**
 * A network as a classifier needs it. Its one input is "image", preprocessed pixels [n, edge, edge,
 * 3]; its output "logits" [n, 1, 1, classes].
 */
export interface ClassifierNetwork extends Network {
  /** What numbers the network is given for a pixel. */
  readonly pixels: Pixels;
  /** How a photograph is cut and resized for it. */
  readonly view: View;
  /**
   * Whether its cells do not tile the picture, and PNAS 2020 lays them by their receptive fields.
   */
  readonly unpadded?: boolean;
  /** Seed of weights that were drawn in place of the file's. */
  readonly untrained?: number;
}

/** What classifiers were trained to be given, by name. */
export const PIXELS: {
  /** Brightness from 0 to 1 by ImageNet's statistics: torchvision, timm, Places365, PNAS 2020. */
  readonly imagenet: Pixels;
  /** Bytes in BGR order minus ImageNet's mean, as networks from Caffe are given. */
  readonly caffe: Pixels;
  /** NetDissect-Lite's, of every network: the mean of Broden and one deviation (its loader). */
  readonly "netdissect-lite": Pixels;
  /** face-api.js's: bytes less the mean of its faces, over 255. */
  readonly "face-api": Pixels;
  /** From −1 to 1. */
  readonly half: Pixels;
} = {
  imagenet: { order: "RGB", range: 1, mean: [0.485, 0.456, 0.406], deviation: [0.229, 0.224, 0.225] },
  caffe: { order: "BGR", range: 255, mean: [104, 117, 123], deviation: [1, 1, 1] },
  "netdissect-lite": {
    order: "RGB",
    range: 255,
    mean: [124.6901, 118.6897, 109.5388],
    deviation: [57.12, 57.12, 57.12],
  },
  "face-api": { order: "RGB", range: 255, mean: [122.782, 117.001, 104.298], deviation: [255, 255, 255] },
  half: { order: "RGB", range: 1, mean: [0.5, 0.5, 0.5], deviation: [0.5, 0.5, 0.5] },
};

/** What a caller can ask of a classifier's input. */
export interface ClassifierOptions {
  /**
   * Edge of the pictures that the network sees: 224 unless given, 227 for Caffe's AlexNet, 32 for
   * ResNets of CIFAR, 112 for face-api's. Networks whose last map is averaged take others.
   */
  readonly edge?: number | undefined;
  /** By name or in numbers; the family's unless given, which is mostly "imagenet". */
  readonly pixels?: keyof typeof PIXELS | Pixels | undefined;
  /** "crop" unless given. */
  readonly fit?: View["fit"] | undefined;
}
