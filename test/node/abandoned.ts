import { rm } from "node:fs/promises";
import { join } from "node:path";
import { type OutputFolder, type OutputFolderOptions, outputFolder as open } from "../../src/node/folder.ts";
import { LOCK } from "../../src/node/lock.ts";

/**
 * Opens an output folder as though those whom this test let have it before had been killed: their
 * lock is gone, and what they wrote is there.
 */
export async function outputFolder(path: string, options?: OutputFolderOptions): Promise<OutputFolder> {
  await rm(join(path, LOCK), { force: true }).catch(() => {}); // `open` says what is wrong
  return open(path, options);
}
