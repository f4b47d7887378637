import { UsageError, WeightsError } from "../../errors.ts";
import type { Pixels } from "../../kernels/maps/resample.ts";
import { andMore, nearest } from "../../names.ts";
import { describeShapes, describeTensors } from "../generators/telltales.ts";
import { networkOf } from "../network.ts";
import type { State } from "../state.ts";
import { ALEXNET, CAFFE_ALEXNET } from "./alexnet.ts";
import { FACE_EXPRESSION } from "./face-expression.ts";
import type { ClassifierArchitecture, ClassifierFamily } from "./family.ts";
import { MOBILENET } from "./mobilenet.ts";
import { type ClassifierNetwork, type ClassifierOptions, PIXELS } from "./network.ts";
import { RESNET } from "./resnet.ts";
import { SQUEEZENET } from "./squeezenet.ts";
import { VGG } from "./vgg.ts";

/** The known families. Another is a file beside this one, and its name here. */
export const CLASSIFIERS: readonly ClassifierFamily[] = [
  ...[RESNET, SQUEEZENET, MOBILENET, ALEXNET, VGG, CAFFE_ALEXNET],
  FACE_EXPRESSION,
];

/**
 * The classifier whose tensors these are, with what is done to photographs before it sees them,
 * which no file tells.
 * @throws WeightsError saying what the file holds, or naming what is missing, mis-shaped or
 *   unexpected; UsageError for options that make no sense.
 */
export function recogniseClassifier(given: State, options: ClassifierOptions = {}): ClassifierNetwork {
  const state = withoutModules(given);
  const names = [...state.keys()];
  const family = CLASSIFIERS.find(({ keys }) => keys.every((key) => names.some((name) => key.test(name))));
  if (!family) throw unknown(state);
  const architecture = family.of(state);
  const { view } = architecture;
  const { edge = view.edge, fit = "crop" } = options;
  if (!Number.isInteger(edge) || edge < 8 || edge > 4096) {
    throw new UsageError(`An edge of ${edge} pixels makes no sense.`, "Use a whole number from 8 to 4096.");
  }
  if (fit !== "crop" && fit !== "squash") {
    throw new UsageError(`Photographs are fitted by "crop" or "squash", not "${fit}".`, "Name one of them.");
  }
  return {
    ...builtFor(architecture, edge, state),
    pixels: pixelsOf(options.pixels ?? architecture.pixels),
    view: { edge, resized: Math.round((edge * view.resized) / view.edge), fit },
    ...(architecture.unpadded && { unpadded: true }),
  };
}

/**
 * The network for pictures of an edge. A file that is whole can still not be given every one: maps
 * become smaller than windows, and linear layers over a map are for one size of it.
 */
function builtFor(architecture: ClassifierArchitecture, edge: number, state: State) {
  try {
    return networkOf(withInput(architecture, edge), state);
  } catch (cause) {
    const { name, view } = architecture;
    if (edge === view.edge || !(cause instanceof WeightsError)) throw cause;
    networkOf(withInput(architecture, view.edge), state); // throws where the file is at fault
    throw new UsageError(
      `This ${name} cannot be given pictures of ${edge} × ${edge} pixels.`,
      `Leave \`edge\` out; its own is ${view.edge}.`,
      { cause },
    );
  }
}

/** A classifier as an architecture of networks: with its input and its output. */
function withInput(
  { build, view: _view, pixels: _pixels, unpadded: _unpadded, ...named }: ClassifierArchitecture,
  edge: number,
) {
  return {
    ...named,
    ignored: (key: string): boolean => key.endsWith("num_batches_tracked"),
    build({ graph, state, layer, input, output }: Parameters<Parameters<typeof networkOf>[0]["build"]>[0]): void {
      const image = input({ name: "image", height: edge, width: edge, channels: 3 });
      build({ graph, state, layer, image, logits: (make) => output("logits", "logits", make) });
    },
  };
}

/** Tensors without the "module." of DataParallel, which can stand anywhere in their names. */
function withoutModules(state: State): State {
  const renamed = [...state].map(([name, tensor]) => [name.replaceAll(/(^|\.)module\./g, "$1"), tensor] as const);
  const names = new Map(renamed);
  return names.size === state.size ? names : state;
}

function pixelsOf(given: ClassifierOptions["pixels"] = "imagenet"): Pixels {
  if (typeof given !== "string") return given;
  if (Object.hasOwn(PIXELS, given)) return PIXELS[given];
  const known = Object.keys(PIXELS);
  const near = nearest(given, known);
  throw new UsageError(
    `There is no preprocessing "${given}".${near.length > 0 ? ` Did you mean ${near.join(" or ")}?` : ""}`,
    `Name one of ${known.join(", ")}, or give its numbers.`,
  );
}

function unknown(state: State): WeightsError {
  const what = describeTensors(state.keys()) ?? describeShapes(state);
  const few = andMore([...state.keys()], 4) || "no tensors";
  return new WeightsError(
    "weights-shape",
    `This is ${what}, not ${CLASSIFIERS.map(({ name }) => name).join(", nor ")} (it holds ${few}).`,
    "Give a state dict by torchvision's or timm's names; docs/classifiers.md lists what is known.",
  );
}
