// Tests: test/cli/classifier/dissect.test.ts
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { LabelMask } from "../../dissect/masks.ts";
import { LabelsError, UsageError } from "../../errors.ts";
import type { Label } from "../../networks/segmenters/network.ts";
import { decodePhoto } from "../../node/photo/decode.ts";
import { isPng, readPngHeader } from "../../report/png.ts";
import { readPhoto } from "../photo.ts";

/** Masks of a folder, by the names of their photographs. */
export interface MaskFolder {
  readonly labels: readonly Label[];
  /** Whether a photograph has one. */
  has(photograph: string): boolean;
  read(photograph: string): Promise<LabelMask>;
}

const FIX =
  'Give labels.json a list of names, "-" first, or { "labels": [{ "name": …, "category": … }] }: place i names the grey value i.';

/**
 * Opens a folder of label maps: PNGs of 8-bit grey, called as the photographs are, whose values are
 * places in labels.json beside them.
 * @throws LabelsError for labels.json, UsageError where it is missing.
 */
export async function openMasks(path: string): Promise<MaskFolder> {
  const file = join(path, "labels.json");
  if (!existsSync(file)) throw new UsageError(`There is no labels.json in "${path}".`, FIX);
  const labels = labelsOf(await readFile(file, "utf8"), file);
  const nameOf = (photograph: string): string => join(path, photograph.replace(/\.[^.]+$/, ".png"));
  return {
    labels,
    has: (photograph) => existsSync(nameOf(photograph)),
    read: async (photograph) => maskOf(await readPhoto(nameOf(photograph)), nameOf(photograph)),
  };
}

function labelsOf(text: string, file: string): readonly Label[] {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (cause) {
    throw new LabelsError(`${file} is no JSON.`, FIX, { cause });
  }
  const list: unknown = Array.isArray(parsed) ? parsed : (parsed as { labels?: unknown } | null)?.labels;
  if (!Array.isArray(list)) throw new LabelsError(`${file} has no list of labels.`, FIX);
  return list.map((entry: unknown, index): Label => {
    const { name, category = "object" } = (
      typeof entry === "string" ? { name: entry } : (entry ?? {})
    ) as Partial<Label>;
    if (typeof name === "string" && name !== "" && typeof category === "string") return { name, category };
    throw new LabelsError(`Label ${index} in ${file} has no name.`, FIX);
  });
}

/** @throws LabelsError for a PNG whose values are no labels: colours, or more than eight bits. */
function maskOf(bytes: Uint8Array, file: string): LabelMask {
  const grey = isPng(bytes) && readPngHeader(bytes);
  if (!grey || grey.indexed || grey.channels !== 1 || grey.depth !== 8) {
    throw new LabelsError(
      `"${file}" is no PNG of 8-bit grey, whose values would be labels.`,
      "Save masks as grey values, without a palette.",
    );
  }
  const { width, height, rgb } = decodePhoto(bytes, file);
  return { width, height, labels: rgb.filter((_, at) => at % 3 === 0) };
}
