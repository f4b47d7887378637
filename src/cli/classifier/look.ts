// Tests: test/cli/commands/occlude-class.test.ts
import { Classifier, classScalar, viewed } from "../../classifiers/index.ts";
import { UsageError } from "../../errors.ts";
import type { Device } from "../../index.ts";
import type { ClassifierOptions } from "../../networks/classifiers/network.ts";
import type { Photo } from "../../node/photo/photo.ts";
import { loadingOf } from "../models.ts";
import type { Running } from "../with-folder.ts";
import { type ClassNames, openClassNames } from "./classes.ts";
import { openNetwork } from "./network.ts";

/** Which class of which classifier is looked for. */
export interface ClassFlags extends ClassifierOptions {
  readonly classifier?: string;
  /** By any of its names or its number; what the classifier takes the photo for, unless given. */
  readonly class?: string;
  readonly classNames?: string;
}

/** A class by any of its names or its number. @throws UsageError for one that there is not. */
export function chosenClass(classes: ClassNames, asked: string): { readonly place: number; readonly called: string } {
  const { names } = classes;
  const place = classes.of(asked);
  if (typeof place === "number") return { place, called: calledIn(names, place) };
  throw new UsageError(
    `${place}${place.endsWith("?") ? "" : "."}`,
    `Name one of the ${names.length}, ${names.slice(0, 3).join(", ")} …, or give its number from 0.`,
  );
}

/** What a class is called, with its number where others have the same name. */
const calledIn = (names: readonly string[], place: number): string =>
  names.indexOf(names[place]!) === names.lastIndexOf(names[place]!) ? names[place]! : `${names[place]} ${place}`;

/** Opens a classifier's files; gives what looks at a photo with it, and for which class. */
export async function openClassLook(
  { classifier: file, class: asked, classNames, edge, pixels, fit }: ClassFlags & { readonly classifier: string },
  running: Pick<Running, "progress" | "signal" | "note">,
) {
  const { signal, note } = running;
  const { name, network } = await openNetwork(file, { edge, pixels, fit }, loadingOf(running));
  const classes = await openClassNames(network.outputs[0]!.channels, classNames);
  const { names } = classes;
  const given = asked === undefined ? undefined : chosenClass(classes, asked).place;
  return async (device: Device, photo: Photo) => {
    const classifier = await Classifier.define(network, { device, name, classes: names }, { signal });
    const { edge: width } = classifier.view;
    const seen = new Float32Array(4 * width ** 2);
    viewed(photo, classifier.view, seen);
    const logits = await classifier.classify(seen);
    const best = logits.indexOf(logits.reduce((most, logit) => Math.max(most, logit)));
    note(`${name} takes the photo for ${calledIn(names, best)}.`);
    const place = given ?? best;
    const of = calledIn(names, place);
    const scalar = classScalar(classifier, place);
    return { pixels: seen, width, height: width, scalar, told: { classifier: name, class: of }, of };
  };
}
