// Tests: test/cli/commands/compare.test.ts, test/cli/commands/export.test.ts

import { realpath, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { type DissectedLayer, openReport, type ReportFiles } from "../compare/index.ts";
import { GanatomyError, UsageError } from "../errors.ts";
import { openFile, textOf } from "./files-read.ts";

/**
 * The dissected layers of reports' folders, in their order.
 * @throws GanatomyError "not-found" for a folder that is none or holds no report; UsageError for
 *   one that is named twice, and what `openReport` throws.
 */
export async function readReports(folders: readonly string[]): Promise<DissectedLayer[]> {
  const known = new Map<string, string>();
  const layers: DissectedLayer[] = [];
  for (const given of folders) {
    const folder = await folderOf(given);
    const place = await realpath(folder).catch(() => folder);
    const before = known.get(place);
    if (before !== undefined) {
      throw new UsageError(
        `"${folder}" is named twice${before === folder ? "" : `, first as "${before}"`}: it would be compared with itself.`,
        "Name each folder once.",
      );
    }
    known.set(place, folder);
    layers.push(...(await readFolder(folder)));
  }
  return layers;
}

async function readFolder(folder: string): Promise<DissectedLayer[]> {
  const files = await reportFiles(folder);
  return naming(folder, () => openReport(files, folder));
}

/** Files by which reports are known, ours and gandissect's. */
export const REPORTS: readonly string[] = ["report.json", "dissect.json"];

/** A report's folder; also where one of its files is named, which is in no other. */
export async function folderOf(given: string): Promise<string> {
  if (!REPORTS.includes(basename(given))) return given;
  return (await stat(given).catch(() => undefined))?.isFile() ? dirname(given) : given;
}

/**
 * Lets `read` read files of a folder. What is wrong with them is said with the folder, since there
 * may be several.
 */
export async function naming<T>(folder: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if (!(error instanceof GanatomyError) || error.message.includes(folder)) throw error;
    const message = error.message.slice(0, error.message.length - error.fix.length).trimEnd();
    throw new GanatomyError(error.code, `In "${folder}": ${message}`, error.fix, { cause: error });
  }
}

/**
 * The files of a report's folder.
 * @throws GanatomyError "not-found" for a folder that is none or holds no report.
 */
export async function reportFiles(folder: string): Promise<ReportFiles> {
  const path = join(folder, "report.json");
  const report = await textOf(path, async (cause) => {
    const there = await stat(folder).catch(() => undefined);
    const why = !there ? "is not there" : there.isDirectory() ? "holds no report.json" : "is no folder";
    throw new GanatomyError("not-found", `"${folder}" ${why}.`, "Name folders that `ganatomy dissect` wrote.", {
      cause,
    });
  });
  const has = async (name: string): Promise<boolean> =>
    (await stat(join(folder, name)).catch(() => undefined)) !== undefined;
  return {
    report,
    tensors: await openFile(join(folder, "tensors.safetensors")),
    ...((await has("blocks.safetensors")) && { blocks: await openFile(join(folder, "blocks.safetensors")) }),
  };
}
