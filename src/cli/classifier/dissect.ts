// Tests: test/cli/classifier/dissect.test.ts
import { basename, resolve } from "node:path";
import { Classifier, classifierViewer, masks, photographed } from "../../classifiers/index.ts";
import { rotated } from "../../compare/rotated.ts";
import { RULES, type RuleName } from "../../dissect/rules.ts";
import type { Labeller } from "../../dissect/subject.ts";
import { UsageError } from "../../errors.ts";
import { loadSegmenter } from "../../index.ts";
import type { ClassifierOptions } from "../../networks/classifiers/network.ts";
import { untrained, untrainedName } from "../../networks/classifiers/untrained.ts";
import { ceilingText } from "../../report/ceiling.ts";
import { type Place, writeDissection } from "../dissecting.ts";
import { type DissectOptions, provenanceOf, withoutSecrets } from "../job.ts";
import { EMBEDDED_PHOTOS, loadingOf, openSegmenter, SELF, unifiedOf } from "../models.ts";
import type { Summary } from "../summary.ts";
import type { Running } from "../with-folder.ts";
import { type MaskFolder, openMasks } from "./masks.ts";
import { checkLayers, lastMap, type NetworkFile, openNetwork } from "./network.ts";
import { noteSkipped, openFolder, type PhotographFolder } from "./photographs.ts";

/** What `ganatomy dissect --classifier` is told besides. */
export interface ClassifierFlags extends ClassifierOptions {
  readonly classifier?: string;
  readonly images?: string;
  readonly masks?: string;
  readonly untrained?: number;
}

/** Options of generators, which say nothing of photographs. */
const OF_GENERATORS = [
  ...(["model", "network", "key", "classes", "truncation", "cutoff", "noise", "clamp", "lod", "pixelNorm"] as const),
];

/** @throws UsageError for options that do not go together. */
export function checkFlags(options: DissectOptions & ClassifierFlags): void {
  const refuse = (flag: string, why: string): never => {
    throw new UsageError(`--${flag} ${why}.`, "Leave it out.");
  };
  if (options.classifier === undefined) {
    const lost = (["images", "masks", "edge", "pixels", "fit", "untrained"] as const).find(
      (flag) => options[flag] !== undefined,
    );
    if (lost !== undefined) throw new UsageError(`--${lost} is for classifiers.`, "Give --classifier FILE, too.");
    return;
  }
  if (options.images === undefined) {
    throw new UsageError("A classifier is dissected on photographs.", "Give --images DIR.");
  }
  const other = OF_GENERATORS.find((flag) => options[flag] !== undefined);
  if (other !== undefined)
    refuse(other === "pixelNorm" ? "pixel-norm" : other, "is for generators, and --classifier names none");
  if (options.chrome) refuse("chrome", "is for generators: photographs lie here");
  if (options.masks !== undefined && options.segmenter !== undefined) {
    refuse("segmenter", "and --masks both name what photographs show");
  }
  if (options.segmenter === SELF) throw new UsageError("A classifier labels no pixels.", "Name another segmenter.");
}

/** A classifier's files, found and looked at. */
export interface OpenedClassifier extends NetworkFile {
  readonly photographs: PhotographFolder;
  readonly masks: MaskFolder | undefined;
  readonly segmenter: Awaited<ReturnType<typeof openSegmenter>> | undefined;
}

/**
 * Opens all files before the long work, photographs last. Those that cannot be read, or have no
 * mask that fits, are skipped and listed.
 */
export async function openClassifier(
  options: DissectOptions & ClassifierFlags,
  running: Pick<Running, "progress" | "signal" | "note">,
): Promise<OpenedClassifier> {
  const { progress, signal, note } = running;
  const { edge, pixels, fit, size, seed, untrained: drawn } = options;
  const trained = await openNetwork(options.classifier!, { edge, pixels, fit }, loadingOf(running, options));
  const file =
    drawn === undefined
      ? trained
      : { ...trained, name: untrainedName(trained.name, drawn), network: untrained(trained.network, drawn) };
  checkLayers(file.network, options.layers);
  const masks = options.masks === undefined ? undefined : await openMasks(options.masks);
  const segmenter = masks ? undefined : await openSegmenter(options.segmenter ?? EMBEDDED_PHOTOS);
  const photographs = await openFolder(options.images!, {
    signal,
    progress: (phase, done, total) => progress.report(phase, done, total),
    // Where levels are searched, that is on as many more.
    most: size === undefined ? undefined : { count: isSearched(options) ? 2 * size : size, seed },
    ...(masks && {
      without: (file) => (masks.has(file) ? undefined : "has no mask"),
      check: (file, photo) => masks.check(file, photo, fit),
    }),
  });
  noteSkipped(photographs, note);
  return { ...file, photographs, masks, segmenter };
}

/** Dissects a classifier on photographs and writes the report. */
export async function dissectClassifier(
  { name, source, network, photographs, masks: maskFolder, segmenter: files }: OpenedClassifier,
  options: DissectOptions & ClassifierFlags,
  place: Place,
): Promise<Summary> {
  const { device, signal, note } = place;
  const started = performance.now();
  const weights = { role: "classifier", source: withoutSecrets(options.classifier!), bytes: source.size } as const;
  const provenance = await provenanceOf(options, weights, files?.files, { signal });
  const loading = { device, signal };
  const classifier = await Classifier.define(network, { device, name }, { signal });
  const segmenter =
    files && (await loadSegmenter(files.files, { ...loading, name: files.name, ...unifiedOf(options) }));
  try {
    const seen = photographed(classifierViewer(classifier), photographs);
    const read = (number: number) => maskFolder!.read(photographs.names[number]!);
    const called = `masks of ${basename(resolve(options.masks ?? ""))}`;
    const labeller: Labeller =
      segmenter ?? masks({ device, name: called, labels: maskFolder!.labels, view: classifier.view, read });
    const summary = await writeDissection(
      {
        subject: options.rotate === undefined ? seen : rotated(seen, options.rotate),
        segmenter: labeller,
        options: settingsOf(options, classifier, note),
        stripHeight: options.stripHeight,
        provenance: () => ({ ...provenance, seconds: Math.round((performance.now() - started) / 100) / 10 }),
      },
      place,
    );
    if (summary.ceiling) note(`By this rule ${ceilingText(summary.ceiling)}; --rule gan-dissection has no such bound.`);
    return summary;
  } finally {
    segmenter?.dispose();
    classifier.dispose();
  }
}

/** PNAS 2020's, of the papers' the last, unless another is meant. */
const ruleOf = ({ rule, quantileThreshold }: Pick<DissectOptions, "rule" | "quantileThreshold">): RuleName =>
  rule ?? (quantileThreshold === "iqr" || quantileThreshold === "maxiou" ? "gan-dissection" : "pnas-2020");

const isSearched = (options: Pick<DissectOptions, "rule" | "quantileThreshold">): boolean =>
  typeof options.quantileThreshold !== "number" && !("quantile" in RULES[ruleOf(options)]);

/** What the options say of the dissection itself. */
function settingsOf(options: DissectOptions & ClassifierFlags, classifier: Classifier, note: (text: string) => void) {
  const { layers = [], seed, trainSeed, quantileThreshold, examples, size, batch, memory } = options;
  const rule = ruleOf(options);
  const chosen = layers.length > 0 ? layers : [lastMap(classifier)];
  if (layers.length === 0) note(`No --layers given, so ${chosen[0]} is dissected, the last map.`);
  return {
    ...{ layers: chosen, rule, seed, trainSeed, examples },
    ...(quantileThreshold !== undefined && { quantileThreshold }),
    ...(size !== undefined && { size }),
    ...(batch !== undefined && { batch }),
    ...(memory !== undefined && { memory: memory * 2 ** 20 }),
  };
}
