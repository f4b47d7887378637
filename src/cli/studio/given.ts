import { existsSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { GanatomyError, UsageError } from "../../errors.ts";
import { openCheckpoint } from "../../index.ts";
import { layerFolders } from "../../report/gandissect.ts";
import { parseJson } from "../../weights/json.ts";
import type { Source } from "../../weights/source.ts";
import { ofFile, openFile, textOf } from "../files-read.ts";
import { type GeneratorFlags, generatorOf } from "../generator-flags.ts";
import { LATENTS } from "../latents.ts";
import { EMBEDDED, EMBEDDED_PHOTOS, type Loading, openLabeller, openModel } from "../models.ts";
import { notRead } from "../report-folder.ts";
import { reportsIn } from "../serve/reports.ts";

// Tests: test/cli/studio/given.test.ts

/** What the studio is to open, where it is not the model that it shows by itself. */
export interface GivenFlags extends GeneratorFlags {
  readonly segmenter?: string;
  /** A file of images of one's own, to be shown first. */
  readonly latents?: string;
}

/** The address of what is to be opened; what it names is beside it. */
export const OPEN = "given/open.json";

/**
 * What is to be opened, by the paths at which the page asks for it: a generator, and what a
 * report's folder says of it. Empty where nothing is given.
 * @throws UsageError, GanatomyError `not-found`, WeightsError.
 */
export async function givenTo(
  folder: string | undefined,
  flags: GivenFlags,
  loading: Loading,
): Promise<ReadonlyMap<string, Source | object>> {
  const given = new Map<string, Source | object>();
  const report = folder === undefined ? undefined : await reportOf(folder);
  const latents = flags.latents === undefined ? undefined : await openFile(flags.latents);
  // here, and not only in the page, which nobody has opened yet
  if (latents) await ofFile(flags.latents!, () => openCheckpoint(latents), LATENTS);
  /** Beside `OPEN`; by what it is for, since two files may have one name. */
  const offer = (role: string, source: Source): string => {
    const path = `${role}/${encodeURIComponent(source.name)}`;
    given.set(`given/${role}/${source.name}`, source);
    return path;
  };
  const model = flags.model ?? report?.model;
  if (model === undefined) {
    if (report) {
      throw new UsageError(`The report in "${folder}" names no model that is here.`, "Give its file with --model.");
    }
    const [flag] = Object.keys(flags).filter((name) => name === "segmenter" || name in generatorOf(flags));
    if (flag === undefined) {
      // on what the page shows by itself
      if (latents) given.set(OPEN, { latents: offer("latents", latents) });
      return given;
    }
  }
  const { name, source } = await openModel(model ?? EMBEDDED, loading);
  const { classes, ...network } = generatorOf(flags);
  const segmenter = await segmenterOf(
    flags.segmenter ?? report?.segmenter ?? (model === undefined ? EMBEDDED : undefined),
    offer,
  );
  if (report) given.set("given/report.json", report.contents);
  if (report?.rankings) given.set("given/dissect.json", report.rankings);
  const quantiles: Record<string, string> = {};
  for (const [layer, file] of Object.entries(report?.quantiles ?? {})) {
    const own = `quantiles/${basename(dirname(file))}.npz`;
    given.set(`given/${own}`, await openFile(file));
    quantiles[layer] = encodeURI(own);
  }
  given.set(OPEN, {
    generator: offer("generator", source),
    name: report?.name ?? name,
    ...(latents && { latents: offer("latents", latents) }),
    ...(Object.keys(network).length > 0 && { network }),
    ...(classes && { classes }),
    ...(report && { report: "report.json" }),
    ...(report?.rankings && { rankings: "dissect.json" }),
    ...(Object.keys(quantiles).length > 0 && { quantiles }),
    ...(segmenter !== undefined && { segmenter }),
  });
  return given;
}

/** What a report's folder says. */
export interface GivenReport {
  /** `report.json`, or a `dissect.json` where there is no other. */
  readonly contents: object;
  /** The `dissect.json` beside a `report.json`, which has all units for every concept. */
  readonly rankings: object | undefined;
  /** Paths of quantiles of units, by layer. */
  readonly quantiles: Readonly<Record<string, string>>;
  /** What the report calls its generator. */
  readonly name: string | undefined;
  /** The generator's file. */
  readonly model: string | undefined;
  /** Its segmenter, where that comes with the package. */
  readonly segmenter: string | undefined;
}

/** @throws UsageError for no report, or several; GanatomyError `not-found`. */
export async function reportOf(folder: string): Promise<GivenReport> {
  const [found, ...others] = await reportsIn(folder);
  if (others.length > 0) {
    const names = [found!, ...others].map(({ name }) => name).join(", ");
    throw new UsageError(`"${folder}" holds ${others.length + 1} reports: ${names}.`, "Name one of their folders.");
  }
  const { path, model } = found!;
  return reportAt(path, model);
}

/** What the report in this folder says, of a generator in that file. */
export async function reportAt(path: string, model: string | undefined): Promise<GivenReport> {
  const [file, beside] = ["report.json", "dissect.json"].map((name) => join(path, name)).filter(existsSync);
  const contents = await readJson(file!);
  const { name: said } = (contents["segmenter"] ?? {}) as { readonly name?: unknown };
  const name = (contents["model"] as { readonly name?: unknown } | undefined)?.name ?? contents["netname"];
  return {
    contents,
    rankings: beside === undefined ? undefined : await readJson(beside),
    quantiles: quantilesIn(path, contents),
    name: typeof name === "string" ? name : undefined,
    model,
    segmenter: said === EMBEDDED || said === EMBEDDED_PHOTOS ? said : undefined,
  };
}

/**
 * `LAYER/quantiles.npz` as our reports have it: gandissect's own, beside no report.json, is
 * pickled.
 */
function quantilesIn(path: string, { layers }: Readonly<Record<string, unknown>>): Record<string, string> {
  if (!existsSync(join(path, "report.json")) || !Array.isArray(layers)) return {};
  const named = layers.filter((each) => typeof each?.layer === "string") as { readonly layer: string }[];
  const folders = layerFolders({ layers: named });
  const files = named.map(({ layer }, index) => [layer, join(path, folders[index]!, "quantiles.npz")] as const);
  return Object.fromEntries(files.filter(([, file]) => existsSync(file)));
}

async function readJson(file: string): Promise<Readonly<Record<string, unknown>>> {
  const text = await textOf(file, (cause) => {
    throw notRead(file, cause);
  });
  try {
    const said: unknown = parseJson(text);
    if (typeof said === "object" && said !== null) return said as Record<string, unknown>;
  } catch {} // it is none
  throw new GanatomyError("file", `"${file}" is no report: it is no JSON.`, "Write the report again.");
}

/** As the page loads it: addresses of its files, or "self". */
async function segmenterOf(
  segmenter: string | undefined,
  offer: (role: string, source: Source) => string,
): Promise<object | "self" | undefined> {
  if (segmenter === undefined) return undefined;
  const { files } = await openLabeller(segmenter, {});
  if (!files) return "self";
  return Object.fromEntries(Object.entries(files).map(([role, source]) => [role, offer(role, source as Source)]));
}
