// Tests: test/cli/classifier/photographs.test.ts
import { createHash } from "node:crypto";
import { join } from "node:path";
import type { Photographs } from "../../dissect/photographed.ts";
import { GanatomyError, PhotoError } from "../../errors.ts";
import { decodePhoto } from "../../node/photo/decode.ts";
import type { Photo } from "../../node/photo/photo.ts";
import { inTurn, openPhotographs, type PhotographsInput } from "../distance/input.ts";
import type { Skipped } from "../distance/photographs.ts";
import { causeOf } from "../files-read.ts";
import { photoOf, readPhoto } from "../photo.ts";
import { warn } from "../progress.ts";

/** The photographs of a folder, each of which could be read, and what else lies there. */
export interface PhotographFolder extends Photographs {
  readonly names: readonly string[];
  readonly skipped: readonly Skipped[];
  /** SHA-256 of the names and contents of those that are taken. */
  readonly digest: string;
}

/** Why what is no photograph by its name is left out, which is as it should be. */
const ODD = "is no JPEG or PNG file";

/** What lies in a folder of photographs: those that are some by their names, and others. */
export type Listing = Pick<PhotographsInput, "path" | "files" | "odd">;

/** Who watches, and which photographs are wanted. */
export interface Wanted {
  readonly signal: AbortSignal;
  progress(phase: string, done: number, total: number): void;
  /** So many at most, drawn by chance; all unless given. */
  readonly most?: { readonly count: number; readonly seed: number } | undefined;
  /** Why one is left out by its name, before it is looked at. */
  without?(file: string): string | undefined;
  /** Looks at what belongs to it. @throws GanatomyError for why it is left out. */
  check?(file: string, photo: Photo): Promise<void>;
}

/**
 * Opens a folder of photographs, with those in folders in it. All that are taken are decoded once
 * now, so that what is none is skipped here and not found out after an hour.
 *
 * @throws GanatomyError for what is no folder; PhotoError when no photograph is left.
 */
export async function openFolder(folder: string | Listing, wanted: Wanted): Promise<PhotographFolder> {
  const { signal, most, progress } = wanted;
  const { path, files, odd } = typeof folder === "string" ? await openPhotographs(folder) : folder;
  const skipped: Skipped[] = odd.map((file) => ({ file, reason: ODD }));
  const candidates = files.filter((file) => {
    const reason = wanted.without?.(file);
    if (reason !== undefined) skipped.push({ file, reason });
    return reason === undefined;
  });
  const names: string[] = [];
  const digest = createHash("sha256");
  const total = Math.min(candidates.length, most?.count ?? candidates.length);
  for (const file of most ? inTurn(candidates, most.seed) : candidates) {
    if (names.length >= total) break;
    // Lets Ctrl-C be heard: small ones are decoded in this thread.
    await new Promise((resolve) => setImmediate(resolve));
    signal.throwIfAborted();
    try {
      const bytes = await readPhoto(join(path, file), { name: file, signal });
      const photo = await decodePhoto(bytes, file, { signal });
      await wanted.check?.(file, photo);
      names.push(file);
      digest.update(`${file}\n${bytes.length}\n`).update(bytes);
    } catch (error) {
      if (!(error instanceof GanatomyError) || error.code === "host-memory") throw error;
      skipped.push({ file, reason: causeOf(error) });
    }
    progress("photographs", names.length, total);
  }
  if (names.length === 0) {
    const { file, reason } = skipped.at(-1)!;
    throw new PhotoError(
      `${files.length === 1 ? "The one photograph" : `Of the ${files.length} photographs`} in "${path}" ${files.length === 1 ? "cannot" : "none can"} be taken. ${file}: ${reason}`,
      "Name another folder, or mend what belongs to it.",
    );
  }
  names.sort((a, b) => (a < b ? -1 : 1));
  return {
    count: names.length,
    names,
    skipped,
    digest: digest.digest("hex"),
    read: (number) => photoOf(join(path, names[number]!), names[number]!, signal),
  };
}

/** Reasons for which files are skipped that are told, and files of each. */
const [REASONS, FILES] = [10, 3];

/** Says which files were skipped, and why; with --quiet, too, if any of them is a photograph. */
export function noteSkipped({ count, skipped }: PhotographFolder, note: (text: string) => void): void {
  if (skipped.length === 0) return;
  const reasons = new Map<string, string[]>();
  for (const { file, reason } of skipped) {
    const files = reasons.get(reason);
    if (files) files.push(file);
    else reasons.set(reason, [file]);
  }
  const lines = Array.from(reasons, ([reason, files]) => {
    const more = files.length > FILES ? ` and ${files.length - FILES} more` : "";
    return `  ${files.slice(0, FILES).join(", ")}${more}: ${reason}`;
  });
  const rest = lines.length > REASONS ? [`  and ${lines.length - REASONS} other reasons`] : [];
  const text = [
    `${count} ${count === 1 ? "photograph" : "photographs"}; ${skipped.length} ${skipped.length === 1 ? "file was" : "files were"} skipped:`,
    ...lines.slice(0, REASONS),
    ...rest,
  ].join("\n");
  if (reasons.size === 1 && reasons.has(ODD)) note(text);
  else warn(text, note);
}
