// Tests: test/cli/commands/unit-importance.test.ts
import { Classifier, type UnitImportance, unitImportance } from "../../classifiers/index.ts";
import type { ClassifierOptions } from "../../networks/classifiers/network.ts";
import { fileName } from "../../report/gandissect.ts";
import { type ImportanceJson, importanceCsv, toImportance } from "../../report/importance.ts";
import { openPhotographs } from "../distance/input.ts";
import type { TuneFlags } from "../gpu.ts";
import { loadingOf } from "../models.ts";
import { columns } from "../table.ts";
import { type KeptState, type Running, withDevice } from "../with-folder.ts";
import { openTruth, type Truth, type TruthOptions } from "./classes.ts";
import { checkLayers, lastMap, type NetworkFile, openNetwork } from "./network.ts";
import { noteSkipped, openFolder, type PhotographFolder } from "./photographs.ts";

/** So many units of a class are off together. */
const TOGETHER = [20];

/** What `ganatomy unit-importance` is told. */
export interface ImportanceFlags extends ClassifierOptions, TruthOptions, TuneFlags {
  readonly classifier: string;
  readonly images: string;
  readonly layer?: string;
  readonly size?: number;
  readonly seed: number;
  /** `TOGETHER` unless given. */
  readonly together?: readonly number[];
  readonly random: number;
  readonly batch?: number;
  readonly outdir?: string;
  readonly force?: boolean;
  readonly json?: boolean;
}

export interface OpenedImportance extends NetworkFile {
  readonly photographs: PhotographFolder;
  readonly truth: Truth;
  readonly layer: string;
}

/** Opens all files before the long work, photographs last, and says what was left out. */
export async function openImportance(
  options: ImportanceFlags,
  running: Pick<Running, "progress" | "signal" | "note">,
): Promise<OpenedImportance> {
  const { progress, signal, note } = running;
  const { edge, pixels, fit, size, seed, images } = options;
  const file = await openNetwork(options.classifier, { edge, pixels, fit }, loadingOf(running));
  const { network } = file;
  if (options.layer !== undefined) checkLayers(network, [options.layer]);
  const layer = options.layer ?? lastMap(network);
  if (options.layer === undefined) note(`No --layer given, so units of ${layer} are turned off, the last map.`);
  const { channels } = network.layers.find(({ name }) => name === layer)!;
  const lost = (options.together ?? TOGETHER).filter((units) => units >= channels);
  if (lost.length > 0) {
    note(`${layer} has ${channels} units: --together ${lost.join(",")} leaves none on, and is left out.`);
  }
  const listing = await openPhotographs(images);
  const { files } = listing;
  const count = network.outputs[0]!.channels;
  const truth = await openTruth(files, count, options);
  for (const text of truth.notes) note(text);
  const photographs = await openFolder(listing, {
    signal,
    progress: (phase, done, total) => progress.report(phase, done, total),
    most: size === undefined ? undefined : { count: size, seed },
    without: (name) => {
      const found = truth.of(name);
      return typeof found === "string" ? found : undefined;
    },
  });
  noteSkipped(photographs, note);
  const present = new Set(photographs.names.map((name) => truth.of(name))).size;
  if (present < count)
    note(
      `${count - present} of the ${count} classes ${count - present === 1 ? "has no photographs, and is" : "have no photographs, and are"} left out.`,
    );
  return { ...file, photographs, truth, layer };
}

/** Measures, and writes the tables. */
export function writeImportance(
  { name, network, photographs, truth, layer }: OpenedImportance,
  options: ImportanceFlags,
  around: Running & KeptState,
): Promise<ImportanceJson> {
  const { progress, signal, note, folder, finished, tuning } = around;
  return withDevice(around, { flags: options, tuning }, async (device) => {
    const classifier = await Classifier.define(network, { device, name, classes: truth.names }, { signal });
    try {
      const { together = TOGETHER, random, seed, batch } = options;
      const found = await measured(
        unitImportance(classifier, photographs, {
          ...{ layer, together, random, seed, finished, signal },
          truth: photographs.names.map((file) => truth.of(file) as number),
          ...(batch !== undefined && { batch }),
        }),
        (phase, done, total) => progress.report(phase, done, total),
      );
      if (found.left.length > 0) {
        const left =
          found.left.length === 1
            ? "1 photograph is the only one of its class, and is"
            : `${found.left.length} photographs are the only ones of their classes, and are`;
        note(`${left} left out.`);
      }
      const result = toImportance(found);
      const images = photographs.names;
      const at = `${fileName(layer)}/unit-importance`;
      const about = { model: name, architecture: network.architecture, images, seed };
      const shown = folder.of(JSON.stringify([layer, "unit-importance"]), [about, result]);
      await shown.write(`${at}.json`, `${JSON.stringify({ ...about, ...result }, null, 1)}\n`);
      await shown.write(`${at}.csv`, importanceCsv(found));
      return result;
    } finally {
      classifier.dispose();
    }
  });
}

async function measured(
  events: ReturnType<typeof unitImportance>,
  progress: (phase: string, done: number, total: number) => void,
): Promise<UnitImportance> {
  for await (const event of events) {
    if (event.type === "result") return event.importance;
    progress(event.phase, event.done, event.total);
  }
  throw new Error("Nothing was measured.");
}

const percent = (part: number): string => `${(100 * part).toFixed(1)} %`;
const points = (drop: number): string =>
  (-100 * drop)
    .toFixed(1)
    .replace(/^-?0\.0$/, "0.0")
    .replace("-", "−");

/** What is found, as text for a terminal: a class a line, those that lose most first. */
export function importanceTable({ layer, units, classes, mean }: ImportanceJson): string {
  const sizes = mean.together.map(({ units }) => units);
  const titles = ["class", "photographs", "balanced", ...sizes.map((size) => `without ${size}`), "units (points)"];
  const lost = (each: ImportanceJson["classes"][number]): number =>
    each.balancedAccuracy - (each.together[0]?.without ?? each.balancedAccuracy);
  const rows = [...classes]
    .sort((a, b) => lost(b) - lost(a))
    .map((each) => [
      ...[each.name, `${each.scored}`, percent(each.balancedAccuracy)],
      ...each.together.map(({ without }) => percent(without)),
      each.importantUnits.map(({ unit, drop }) => `${unit} (${points(drop)})`).join("  "),
    ]);
  const means = mean.together.map(({ units: size, without, alone, random }) => {
    const chance = random === null ? "" : `, without as many by chance ${percent(random)}`;
    return `  without its ${size} most damaging units ${percent(without)}${chance}; with them alone out of ${units} ${percent(alone)}\n`;
  });
  const table = columns([titles, ...rows], ["", "right", "right", ...sizes.map(() => "right"), ""]);
  return `${layer}: balanced accuracy of a class, mean ${percent(mean.balancedAccuracy)}\n${means.join("")}${table}\n`;
}
