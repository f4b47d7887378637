import { existsSync } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { basename, dirname, isAbsolute, join, resolve } from "node:path";
import { GanatomyError, UsageError } from "../../errors.ts";
import { kindIn } from "../../node/marker.ts";
import { readText } from "../../node/regular-file.ts";
import { parseDissection } from "../../server/dissected.ts";
import type { Dissected } from "../../server/project.ts";
import { parseJson } from "../../weights/json.ts";
import { ofFile } from "../files-read.ts";
import { EMBEDDED } from "../models.ts";
import { folderOf, lacking, notRead } from "../report-folder.ts";

/** A folder that holds a report. */
export interface ReportFolder {
  /** What its project is called in addresses. */
  readonly name: string;
  readonly path: string;
  readonly dissection: Dissected;
  /** The generator's file, or the embedded one's name, as far as the report says it. */
  readonly model: string | undefined;
}

/** Folders within the given one, as deep as the published server looks. */
const DEPTH = 2;

/**
 * The report in a folder, or whose file is named, or those in folders within it.
 *
 * @throws GanatomyError `not-found` when there is none, `file` for one that is damaged; UsageError
 *   for two of one name.
 */
export async function reportsIn(given: string): Promise<readonly ReportFolder[]> {
  const folder = await folderOf(given);
  const paths = await foldersOf(folder, DEPTH);
  if (paths.length === 0 && kindIn(folder) !== undefined) throw lacking(folder, "dissect.json");
  if (paths.length === 0) {
    throw new GanatomyError(
      "not-found",
      `There is no report in "${folder}": no dissect.json, nor two folders deeper.`,
      "Name a folder that `ganatomy dissect` or gandissect wrote, or one that holds such folders.",
    );
  }
  const reports = await Promise.all(paths.map(readReport));
  const twice = reports.find(({ name }, i) => reports.findIndex((other) => other.name === name) < i);
  if (!twice) return reports;
  throw new UsageError(`Two folders in "${folder}" are called "${twice.name}".`, "Serve them one at a time.");
}

async function foldersOf(folder: string, depth: number): Promise<string[]> {
  if (existsSync(join(folder, "dissect.json"))) return [folder];
  if (depth === 0) return [];
  const entries = await readdir(folder, { withFileTypes: true }).catch((cause: unknown) => {
    throw new GanatomyError("not-found", `There is no folder "${folder}".`, "Check the path.", { cause });
  });
  const inner = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
  const found = await Promise.all(inner.sort().map((name) => foldersOf(join(folder, name), depth - 1)));
  return found.flat();
}

async function readReport(path: string): Promise<ReportFolder> {
  const file = join(path, "dissect.json");
  const text = await readText(file, (cause) => {
    throw notRead(file, cause);
  });
  const dissection = await ofFile(file, () => parseDissection(text, file));
  const said = (await ownModel(path)) ?? publishedModel(dissection);
  return {
    name:
      basename(resolve(path))
        .replace(/[^\p{L}\p{N}._-]/gu, "-")
        .replace(/^\.+/, "") || "report",
    path,
    dissection,
    model: said === undefined ? undefined : await located(said, path),
  };
}

/** What our own report says of the generator's file. */
async function ownModel(path: string): Promise<string | undefined> {
  const text = await readText(join(path, "report.json"), () => undefined);
  if (text === undefined) return undefined;
  try {
    const { provenance } = parseJson(text) as { provenance?: { weights?: { role: unknown; source: unknown }[] } };
    const source = provenance?.weights?.find(({ role }) => role === "generator")?.source;
    return typeof source === "string" ? source : undefined;
  } catch {
    return undefined; // dissect.json is what counts
  }
}

/**
 * What gandissect's settings say: `pthfile`, or a file in the Python expression that makes the
 * model, which is searched for a name and not evaluated.
 */
function publishedModel({ settings }: Dissected): string | undefined {
  const { pthfile, model } = settings ?? {};
  if (typeof pthfile === "string" && pthfile !== "") return pthfile;
  return typeof model === "string" ? /["']([^"']+\.pth)["']/.exec(model)?.[1] : undefined;
}

/**
 * The file that a report names, which was named from another folder: there, or from the report's
 * own folder or one above it. Nothing is fetched because a report says so.
 */
async function located(said: string, path: string): Promise<string | undefined> {
  if (said === EMBEDDED) return said;
  if (/^\w+:\/\//.test(said)) return undefined;
  const from = [process.cwd(), path, dirname(resolve(path)), dirname(dirname(resolve(path)))];
  for (const candidate of isAbsolute(said) ? [said] : from.map((folder) => join(folder, said))) {
    if ((await stat(candidate).catch(() => undefined))?.isFile()) return candidate;
  }
  return undefined;
}
