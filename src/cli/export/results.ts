import { readdir } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { GanatomyError } from "../../errors.ts";
import type { AblationJson } from "../../report/ablation.ts";
import type { AceSummary } from "../../report/ace.ts";
import type { ContextJson } from "../../report/context.ts";
import { COMPARISON_SPECS, type Compared } from "../../report/vega-comparison.ts";
import type { VegaLiteSpec } from "../../report/vega-lite.ts";
import { ablationSpec, aceLossSpec, contextBarsSpec, contextMapSpec } from "../../report/vega-results.ts";
import { parseJson } from "../../weights/json.ts";
import { aceLines, linesOf } from "../edit/curves.ts";
import { textOf } from "../files-read.ts";

/** A chart, and where it goes: beside the SVG that shows the same, in a folder like its own. */
export type Chart = readonly [path: string, spec: VegaLiteSpec];

/**
 * Charts of what ablate, ace, context and compare wrote into a folder, one for each figure
 * that is an SVG there, from the JSON beside it. None where there are none of these.
 * @throws GanatomyError "file" where JSON is not what these commands write.
 */
export async function resultCharts(folder: string): Promise<Chart[]> {
  const names = await readdir(folder, { recursive: true }).catch((): string[] => []);
  const files = names.map((name) => name.replaceAll("\\", "/")).sort();
  const charts: Chart[] = [];
  for (const file of files) {
    for (const [pattern, draw] of FIGURES) {
      if (pattern.test(file)) charts.push(...(await draw({ folder, file, files })));
    }
  }
  return charts;
}

interface Found {
  readonly folder: string;
  /** By which figures are known. */
  readonly file: string;
  /** All that is in the folder. */
  readonly files: readonly string[];
}

const FIGURES: readonly (readonly [RegExp, (found: Found) => Promise<Chart[]>])[] = [
  [/^compare\.json$/, comparison],
  [/^[^/]+\/context\/[^/]+\.json$/, context],
  [/^[^/]+\/(full|pix)ablation\/effect-[^/]+\.svg$/, curves],
  [/^[^/]+\/ace\/[^/]+\/summary\.json$/, ace],
];

async function comparison({ folder, file }: Found): Promise<Chart[]> {
  const compared = await read<Compared>(folder, file, COMPARISON);
  if (compared.concepts.some(({ inputs }) => inputs.length !== compared.inputs.length)) throw strange(folder, file);
  return Object.entries(COMPARISON_SPECS).map(([name, draw]) => [`${name}.vl.json`, draw(compared)]);
}

async function context({ folder, file }: Found): Promise<Chart[]> {
  const json = await read<ContextJson>(folder, file, CONTEXT);
  const path = file.replace(/\.json$/, "");
  return [
    [`${path}.vl.json`, contextBarsSpec(json)],
    [`${path}-map.vl.json`, contextMapSpec(json)],
  ];
}

/** Of `effect-CONCEPT-METRIC.svg`: its curve, and random ones of the same images. */
async function curves({ folder, file, files }: Found): Promise<Chart[]> {
  const stem = basename(file, ".svg").slice("effect-".length);
  const curve = (name: string) => read<AblationJson>(folder, `${dirname(file)}/${name}.json`, CURVE);
  const ranked = await curve(stem);
  const start = `${dirname(file)}/${stem.slice(0, -ranked.metric.length)}random-`;
  const random: AblationJson[] = [];
  for (const other of files) {
    if (!other.startsWith(start) || !/^\d+\.json$/.test(other.slice(start.length))) continue;
    const one = await curve(basename(other, ".json"));
    if (one.baseline === ranked.baseline) random.push(one);
  }
  return [[file.replace(/\.svg$/, ".vl.json"), ablationSpec(ranked.classname, linesOf(ranked, random))]];
}

async function ace({ folder, file, files }: Found): Promise<Chart[]> {
  const { layers, losses } = await read<AceSummary>(folder, file, ACE);
  const at = dirname(file);
  const concept = (layers[0]?.rankings[0]?.name ?? basename(at)).replace(/-ace$/, "");
  const charts: Chart[] = [[`${at}/loss.vl.json`, aceLossSpec(concept, losses)]];
  if (!files.includes(`${at}/ablation.svg`)) return charts; // it was stopped before
  const of = (metric: string) =>
    read<AblationJson>(folder, `${dirname(dirname(at))}/fullablation/${basename(at)}-${metric}.json`, CURVE);
  charts.push([`${at}/ablation.vl.json`, ablationSpec(concept, aceLines(await of("ace"), await of("iou")))]);
  return charts;
}

type Check = (value: unknown) => boolean;
const text: Check = (value) => typeof value === "string";
const number: Check = (value) => Number.isFinite(value);
const listOf =
  (check: Check): Check =>
  (value) =>
    Array.isArray(value) && value.every(check);
const record =
  (fields: Readonly<Record<string, Check>>): Check =>
  (value) =>
    typeof value === "object" &&
    value !== null &&
    Object.entries(fields).every(([name, check]) => check((value as Record<string, unknown>)[name]));
const orNull =
  (check: Check): Check =>
  (value) =>
    value === null || check(value);

const CURVE = record({ classname: text, metric: text, baseline: number, ablation_effects: listOf(number) });
const ACE = record({
  layers: listOf(record({ rankings: listOf(record({ name: text })) })),
  losses: listOf(record({ epoch: number, loss: number })),
});
const EFFECT = record({ concept: text, category: text, places: number, gain: number, share: orNull(number) });
const CONTEXT = record({ concept: text, effects: listOf(EFFECT), cells: listOf(listOf(number)) });
const ESTIMATE = record({ value: number, error: orNull(number) });
const INPUT = record({
  ...{ name: text, model: text, layer: text, unique: ESTIMATE, share: ESTIMATE },
  categories: listOf(record({ category: text, unique: ESTIMATE })),
});
const COMPARISON = record({
  inputs: listOf(INPUT),
  concepts: listOf(record({ name: text, category: text, inputs: listOf(record({ detectors: ESTIMATE })) })),
  incomparable: listOf(text),
});

/** The content of a JSON file, as far as charts show it. */
async function read<Content>(folder: string, file: string, check: Check): Promise<Content> {
  const json = await textOf(join(folder, file), (cause) => {
    throw strange(folder, file, cause);
  });
  let content: unknown;
  try {
    content = parseJson(json);
  } catch (cause) {
    throw strange(folder, file, cause);
  }
  if (!check(content)) throw strange(folder, file);
  return content as Content;
}

const strange = (folder: string, file: string, cause?: unknown): GanatomyError =>
  new GanatomyError(
    "file",
    `"${join(folder, file)}" is missing, or is not what ganatomy wrote.`,
    "Let the command that made the folder write it anew.",
    { cause },
  );
