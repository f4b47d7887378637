// Tests: test/cli/commands/compare.test.ts, test/cli/commands/export.test.ts

import { statSync } from "node:fs";
import { realpath, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { type DissectedLayer, openReport, type ReportFiles } from "../compare/index.ts";
import { GanatomyError, UsageError } from "../errors.ts";
import { aKind, kindIn } from "../node/marker.ts";
import { ofFile, openFile, textOf } from "./files-read.ts";

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
  return ofFile(folder, () => openReport(files, folder));
}

/** Files by which reports are known, ours and gandissect's. */
export const REPORTS: readonly string[] = ["report.json", "dissect.json"];

/** The same of results that are exported. */
export const RESULTS: readonly string[] = [...REPORTS, "compare.json"];

/** A report's folder; also where one of its files is named, which is in no other. */
export async function folderOf(given: string): Promise<string> {
  if (!RESULTS.includes(basename(given))) return given;
  return (await stat(given).catch(() => undefined))?.isFile() ? dirname(given) : given;
}

/** Why something is not in a folder, and what to do. */
export function lacking(folder: string, name: string): GanatomyError {
  const there = statSync(folder, { throwIfNoEntry: false });
  if (!there?.isDirectory()) {
    return new GanatomyError("not-found", `"${folder}" is ${there ? "no folder" : "not there"}.`, "Check the path.");
  }
  const kind = kindIn(folder);
  if (kind === "report" && REPORTS.includes(name)) {
    const fix = "Let the command that made it come to its end: the same one goes on where it was.";
    return new GanatomyError("not-found", `"${folder}" holds no ${name}: what was begun there is not finished.`, fix);
  }
  const holds = kind === undefined ? "" : `: it is of ${aKind(kind)}`;
  const fix = "Name a folder that `ganatomy dissect` wrote, or one of gandissect's.";
  return new GanatomyError("not-found", `"${folder}" holds no ${name}${holds}.`, fix);
}

/** Why a file cannot be read. */
export function notRead(file: string, cause: NodeJS.ErrnoException): GanatomyError {
  const [why, fix] =
    cause.code === "EISDIR"
      ? ["is a folder, and should be a file", "Write the report again."]
      : [`cannot be read (${cause.code})`, "Check its permissions."];
  return new GanatomyError("not-found", `"${file}" ${why}.`, fix, { cause });
}

/**
 * The files of a report's folder.
 * @throws GanatomyError "not-found" for a folder that is none or holds no report.
 */
export async function reportFiles(folder: string): Promise<ReportFiles> {
  const path = join(folder, "report.json");
  const report = await textOf(path, (cause) => {
    throw cause.code === "ENOENT" ? lacking(folder, "report.json") : notRead(path, cause);
  });
  const has = async (name: string): Promise<boolean> =>
    (await stat(join(folder, name)).catch(() => undefined)) !== undefined;
  if (!(await has("tensors.safetensors"))) {
    const fix = "Copy all of the report's files, or dissect again.";
    throw new GanatomyError("not-found", `"${folder}" holds no tensors.safetensors beside its report.json.`, fix);
  }
  return {
    report,
    tensors: await openFile(join(folder, "tensors.safetensors")),
    ...((await has("blocks.safetensors")) && { blocks: await openFile(join(folder, "blocks.safetensors")) }),
  };
}
