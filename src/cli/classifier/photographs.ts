// Tests: test/cli/classifier/dissect.test.ts
import { join } from "node:path";
import type { Photographs } from "../../dissect/photographed.ts";
import { GanatomyError, UsageError } from "../../errors.ts";
import { decodePhoto } from "../../node/photo/decode.ts";
import type { Photo } from "../../node/photo/photo.ts";
import { openPhotographs } from "../distance/input.ts";
import type { Skipped } from "../distance/photographs.ts";
import { readPhoto } from "../photo.ts";

/** The photographs of a folder, each of which could be read, and what else lies there. */
export interface PhotographFolder extends Photographs {
  readonly names: readonly string[];
  readonly skipped: readonly Skipped[];
}

/** Who watches. */
export interface Watched {
  readonly signal: AbortSignal;
  progress(phase: string, done: number, total: number): void;
}

/**
 * Opens a folder of photographs, with those in folders in it. All are decoded once now, so that
 * what is none is skipped here and not found out after an hour.
 *
 * @throws UsageError when there is none.
 */
export async function openFolder(path: string, watched: Watched): Promise<PhotographFolder> {
  const { files, odd } = await openPhotographs(path);
  const skipped: Skipped[] = odd.map((file) => ({ file, reason: "is no photograph by its name" }));
  const names: string[] = [];
  const decode = async (file: string): Promise<Photo> => decodePhoto(await readPhoto(join(path, file)), file);
  for (const [index, file] of files.entries()) {
    // Lets Ctrl-C be heard: decoding is synchronous.
    await new Promise((resolve) => setImmediate(resolve));
    watched.signal.throwIfAborted();
    try {
      await decode(file);
      names.push(file);
    } catch (error) {
      if (!(error instanceof GanatomyError)) throw error;
      skipped.push({ file, reason: error.message });
    }
    watched.progress("photographs", index + 1, files.length);
  }
  if (names.length === 0) {
    throw new UsageError(`No file in "${path}" is a photograph. ${skipped.at(-1)?.reason}`, "Name another folder.");
  }
  return { count: names.length, names, skipped, read: (number) => decode(names[number]!) };
}
