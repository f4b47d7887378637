// Tests: test/cli/classifier/masks.test.ts

import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { LabelMask } from "../../dissect/masks.ts";
import { LabelsError } from "../../errors.ts";
import type { View } from "../../networks/classifiers/network.ts";
import type { Label } from "../../networks/segmenters/network.ts";
import { decodePhoto } from "../../node/photo/decode.ts";
import { named } from "../../report/photo-fault.ts";
import { isPng, type PngHeader, readPngHeader } from "../../report/png.ts";
import { parseJson } from "../../weights/json.ts";
import { textOf } from "../files-read.ts";
import { readPhoto } from "../photo.ts";

/** Masks of a folder, by the names of their photographs. */
export interface MaskFolder {
  readonly labels: readonly Label[];
  /** SHA-256 of all that were checked, in their turn, and of their names. */
  digest(): string;
  /** Whether a photograph has one. */
  has(photograph: string): boolean;
  /** @throws PhotoError, LabelsError for what is no mask. */
  read(photograph: string): Promise<LabelMask>;
  /**
   * Reads one to see whether it is of its photograph, which `fit` shows the middle or all of.
   * @throws PhotoError, LabelsError for one that is not.
   */
  check(photograph: string, photo: Extent, fit?: View["fit"]): Promise<void>;
}

const FIX =
  'Give labels.json a list of names, "-" first, or { "labels": [{ "name": …, "category": … }] }: place i names the grey value i.';

/**
 * Opens a folder of label maps: PNGs of 8-bit grey, called as the photographs are, whose values are
 * places in labels.json beside them.
 * @throws LabelsError for labels.json that is missing, or is none.
 */
export async function openMasks(path: string): Promise<MaskFolder> {
  const file = join(path, "labels.json");
  if (!existsSync(file)) throw new LabelsError(`There is no labels.json in "${path}".`, FIX);
  const unreadable = (cause: NodeJS.ErrnoException): never => {
    throw new LabelsError(`"${file}" cannot be read (${cause.code}).`, "Check its permissions.", { cause });
  };
  const labels = labelsOf(await textOf(file, unreadable), file);
  const nameOf = (photograph: string): string => join(path, photograph.replace(/\.[^.]+$/, ".png"));
  const read = async (photograph: string): Promise<LabelMask> => {
    const file = nameOf(photograph);
    return maskOf(await readPhoto(file, { look: (head) => checkGrey(head, file) }), file);
  };
  const checked = createHash("sha256").update(JSON.stringify(labels));
  return {
    labels,
    digest: () => checked.copy().digest("hex"),
    has: (photograph) => existsSync(nameOf(photograph)),
    read,
    check: async (photograph, photo, fit = "crop") => {
      const mask = await read(photograph);
      checked.update(`${photograph} ${mask.width} ${mask.height}\n`).update(new Uint8Array(mask.labels));
      const beyond = Array.prototype.find.call(mask.labels, (label: number) => label >= labels.length);
      if (beyond !== undefined) {
        throw new LabelsError(
          `"${nameOf(photograph)}" has the label ${beyond}, and labels.json has names of 0…${labels.length - 1} alone.`,
          "Name them all there.",
        );
      }
      if (fit === "crop" && !inProportion(mask, photo)) {
        throw new LabelsError(
          `"${nameOf(photograph)}" is ${mask.width} × ${mask.height}, not of the proportions of ${photo.width} × ${photo.height}.`,
          "Give masks the proportions of their photographs, or squash both (--fit squash).",
        );
      }
    },
  };
}

type Extent = Pick<LabelMask, "width" | "height">;

/** Whether one is the other in another size, whose edges were rounded. */
function inProportion(mask: Extent, photo: Extent): boolean {
  const apart = (a: number, b: number, c: number, d: number): number => Math.abs(a - (b * c) / d);
  const width = apart(mask.width, photo.width, mask.height, photo.height);
  return Math.min(width, apart(mask.height, photo.height, mask.width, photo.width)) <= 1;
}

function labelsOf(text: string, file: string): readonly Label[] {
  let parsed: unknown;
  try {
    parsed = parseJson(text);
  } catch (cause) {
    throw new LabelsError(`${file} is no JSON.`, FIX, { cause });
  }
  const list: unknown = Array.isArray(parsed) ? parsed : (parsed as { labels?: unknown } | null)?.labels;
  if (!Array.isArray(list)) throw new LabelsError(`${file} has no list of labels.`, FIX);
  const labels = list.map((entry: unknown, index): Label => {
    const { name, category = "object" } = (
      typeof entry === "string" ? { name: entry } : (entry ?? {})
    ) as Partial<Label>;
    if (typeof name === "string" && name !== "" && typeof category === "string") return { name, category };
    throw new LabelsError(`Label ${index} in ${file} has no name.`, FIX);
  });
  if (labels[0]?.name !== "-") throw new LabelsError(`The first label in ${file} is not "-" (none).`, FIX);
  return labels;
}

/** @throws PhotoError for a damaged one. */
function headerOf(bytes: Uint8Array, file: string): PngHeader {
  try {
    return readPngHeader(bytes);
  } catch (cause) {
    throw named(cause, `"${file}"`, "PNG");
  }
}

/** @throws LabelsError for a PNG whose values are no labels: colours, or more than eight bits. */
function checkGrey(head: Uint8Array, file: string): void {
  const grey = isPng(head) && headerOf(head, file);
  if (grey && !grey.indexed && grey.channels === 1 && grey.depth === 8) return;
  throw new LabelsError(
    `"${file}" is no PNG of 8-bit grey, whose values would be labels.`,
    "Save masks as grey values, without a palette.",
  );
}

async function maskOf(bytes: Uint8Array, file: string): Promise<LabelMask> {
  const { width, height, rgb } = await decodePhoto(bytes, file);
  const labels = new Uint8Array(width * height);
  for (let at = 0; at < labels.length; at += 1) labels[at] = rgb[3 * at]!;
  return { width, height, labels };
}
