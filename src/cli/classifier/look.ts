// Tests: test/cli/commands/occlude-class.test.ts
import { Classifier, classScalar, viewed } from "../../classifiers/index.ts";
import type { Device } from "../../index.ts";
import type { ClassifierOptions } from "../../networks/classifiers/network.ts";
import type { Photo } from "../../node/photo/photo.ts";
import { loadingOf } from "../models.ts";
import type { Running } from "../with-folder.ts";
import { openTruth } from "./classes.ts";
import { openNetwork } from "./network.ts";

/** Which class of which classifier is looked for. */
export interface ClassFlags extends ClassifierOptions {
  readonly classifier?: string;
  /** By name or number; what the classifier takes the photo for, unless given. */
  readonly class?: string;
  readonly classNames?: string;
}

/** Opens a classifier's files; gives what looks at a photo with it, and for which class. */
export async function openClassLook(
  { classifier: file, class: asked, classNames, edge, pixels, fit }: ClassFlags & { readonly classifier: string },
  running: Pick<Running, "progress" | "signal" | "note">,
) {
  const { signal, note } = running;
  const { name, network } = await openNetwork(file, { edge, pixels, fit }, loadingOf(running));
  const { names } = await openTruth([], network.outputs[0]!.channels, { classNames });
  return async (device: Device, photo: Photo) => {
    const classifier = await Classifier.define(network, { device, name, classes: names }, { signal });
    const { edge: width } = classifier.view;
    const seen = new Float32Array(4 * width ** 2);
    viewed(photo, classifier.view, seen);
    const logits = await classifier.classify(seen);
    const best = logits.indexOf(logits.reduce((most, logit) => Math.max(most, logit)));
    note(`${name} takes the photo for ${names[best]}.`);
    const number = asked !== undefined && /^\d+$/.test(asked) && !names.includes(asked) ? Number(asked) : asked;
    const wanted = number ?? best;
    const of = typeof wanted === "number" ? (names[wanted] ?? `${wanted}`) : wanted;
    const scalar = classScalar(classifier, wanted);
    return { pixels: seen, width, height: width, scalar, told: { classifier: name, class: of }, of };
  };
}
