import { openQuantiles } from "../dissect/open-quantiles.ts";
import type { QuantileTable } from "../dissect/quantile-table.ts";
import { UsageError } from "../errors.ts";
import type { Generator } from "../models/generator.ts";
import { labelColors } from "../report/colors.ts";
import type { Adapter } from "../runtime/adapter.ts";
import { readExactly } from "../weights/bytes.ts";
import { parseJson } from "../weights/json.ts";
import { openSource } from "../weights/open.ts";
import type { SourceLike } from "../weights/source.ts";
import { type Findings, readFindings } from "./findings.ts";
import type { Models } from "./models.ts";
import type { Listener, Loaded, LoadedLatents, LoadRequest, Progress } from "./session.ts";

// Tests: test/session/session.test.ts, test/session/findings.test.ts

/** A report is a few megabytes; what is longer is none. */
const MAX_REPORT = 64 * 2 ** 20;

/** What a file of findings says, or such a file's contents. */
export async function loadFindings(
  given: NonNullable<LoadRequest["report"]>,
  { signal, onProgress }: { readonly signal?: AbortSignal | undefined; readonly onProgress: Listener<Progress> },
): Promise<Findings> {
  if (!isSource(given)) return readFindings(given);
  const source = await openSource(given, {
    signal,
    onProgress: ({ loaded, total }) => onProgress({ phase: "report", done: loaded, total }),
  });
  if (source.size > MAX_REPORT) {
    throw new UsageError(`"${source.name}" is too long for a report.`, "Give report.json or dissect.json.");
  }
  const bytes = await readExactly(source, 0, source.size, { signal });
  let json: unknown;
  try {
    json = parseJson(new TextDecoder().decode(bytes));
  } catch (cause) {
    throw new UsageError(`"${source.name}" is no report: it is no JSON.`, "Give report.json or dissect.json.", {
      cause,
    });
  }
  return readFindings(json);
}

/**
 * Layers' quantiles out of files of a report, ours or gandissect's.
 * @throws WeightsError for what is none; UsageError for a layer that there is not, or other units.
 */
export async function loadQuantiles(
  given: NonNullable<LoadRequest["quantiles"]>,
  generator: Generator,
  { signal, onProgress }: { readonly signal?: AbortSignal | undefined; readonly onProgress: Listener<Progress> },
): Promise<Map<string, QuantileTable>> {
  const tables = new Map<string, QuantileTable>();
  for (const [layer, file] of Object.entries(given)) {
    const { channels } = generator.layer(layer);
    const table = await openQuantiles(file, {
      ...(signal && { signal }),
      onProgress: ({ loaded, total }) => onProgress({ phase: "report", done: loaded, total }),
    });
    if (table.units !== channels) {
      throw new UsageError(
        `These quantiles of ${layer} are of ${table.units} units, and it has ${channels}.`,
        "Give LAYER/quantiles.npz of a report of this generator.",
      );
    }
    tables.set(layer, table);
  }
  return tables;
}

/** Whether it is where something can be read, and not what was read. */
function isSource(given: NonNullable<LoadRequest["report"]>): given is SourceLike {
  if (typeof given === "string" || given instanceof ArrayBuffer || ArrayBuffer.isView(given)) return true;
  return given instanceof URL || given instanceof Blob || given instanceof Request || "read" in given;
}

/**
 * Refuses findings of another generator: of another name, or whose layers are others.
 * @throws UsageError.
 */
export function checkFindings({ model, layers }: Findings, models: Models): void {
  if (!models.hasGenerator) return;
  const { generator } = models;
  const fits = [...layers].every(([name, { detects }]) =>
    generator.layers.some((layer) => layer.name === name && layer.channels === detects.length),
  );
  if (fits && model === generator.name) return;
  const how = model === generator.name ? "its layers are others" : `the generator here is ${generator.name}`;
  throw new UsageError(
    `This is a report of ${model}, and ${how}.`,
    `Load ${model}; if it is the same file by another name, load it with that \`name\`.`,
  );
}

/** What a session tells of what it has. */
export function describeLoaded(
  models: Models,
  findings: Findings | undefined,
  latents: readonly LoadedLatents[],
  adapter: Adapter | undefined,
): Loaded {
  const { segmenter } = models;
  const labels = segmenter?.labels ?? findings?.labels ?? [];
  const colors = labelColors(labels);
  const rankings = [...(findings?.layers ?? [])].map(([layer, known]): [string, string[]] => [
    layer,
    [...known.rankings.keys()],
  ]);
  return {
    ...(models.hasGenerator && { model: modelOf(models) }),
    ...(segmenter && {
      segmenter: { name: segmenter.name, architecture: segmenter.architecture, channels: segmenter.channels },
    }),
    labels: labels.map(({ name, category }, label) => ({ name, category, color: colors[label]! })),
    ...(findings?.report && { report: findings.report }),
    ...(latents.length > 0 && { latents }),
    rankings: Object.fromEntries(rankings),
    ...(adapter && { adapter }),
  };
}

function modelOf({ generator, sha256 }: Models): NonNullable<Loaded["model"]> {
  const { name, network, height, width, layers, classes } = generator;
  return {
    name,
    ...(sha256 !== undefined && { sha256 }),
    architecture: network.architecture,
    height,
    width,
    layers: layers.map((layer) => ({ ...layer })),
    classes: [...classes],
  };
}
