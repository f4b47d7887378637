import { archive, npy, safetensors } from "./containers.ts";
import { index, inversion, manifest } from "./kept.ts";
import { onnx } from "./networks.ts";
import type { Kind } from "./openers.ts";
import { jpeg, png } from "./photos.ts";
import { pickle } from "./pickles.ts";
import { damaged, Random } from "./random.ts";
import { description, labels, maskLabels, recipe, report, state } from "./texts.ts";

/** What is made, by the name that `--format` takes, and how it is opened. */
export const FORMATS: Readonly<Record<string, { readonly kind: Kind; readonly make: (random: Random) => Uint8Array }>> =
  {
    pickle: { kind: "checkpoint", make: pickle },
    zip: { kind: "checkpoint", make: archive },
    npy: { kind: "checkpoint", make: npy },
    safetensors: { kind: "checkpoint", make: safetensors },
    index: { kind: "beside", make: index },
    tfjs: { kind: "beside", make: manifest },
    inversion: { kind: "inversion", make: inversion },
    onnx: { kind: "network", make: onnx },
    labels: { kind: "labels", make: labels },
    report: { kind: "report", make: report },
    recipe: { kind: "recipe", make: recipe },
    masks: { kind: "masks", make: (random) => (random.chance(0.5) ? maskLabels : png)(random) },
    png: { kind: "photo", make: png },
    jpeg: { kind: "photo", make: jpeg },
    state: { kind: "state", make: state },
    description: { kind: "description", make: description },
  };

/** Mutant `index` of a seed and format: always the same bytes. */
export function mutant(format: string, seed: number, index: number): Uint8Array<ArrayBuffer> {
  const random = new Random(seed, index, Object.keys(FORMATS).indexOf(format) + 1);
  return damaged(random, FORMATS[format]!.make(random));
}
