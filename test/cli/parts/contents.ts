import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";

/**
 * All files of a report by their names, without when it was made, how long that took, and where to:
 * that differs between two runs of one command, too.
 */
export async function contents(folder: string, outdir: string): Promise<Map<string, string>> {
  const entries = await readdir(join(folder, outdir), { recursive: true, withFileTypes: true });
  const names = entries.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name));
  const all = new Map<string, string>();
  for (const name of names.sort()) {
    const bytes = await readFile(name);
    const text = /\.(?:json|html)$/.test(name)
      ? bytes
          .toString("utf8")
          .replace(/\d{4}-\d\d-\d\d[T ][\d:.]+Z?/g, "")
          .replace(/"seconds":\s*[\d.]+/g, "")
          .replace(/<dt>Time<\/dt><dd>[^<]*/g, "")
          .replaceAll(`--outdir ${outdir}`, "")
      : bytes.toString("base64");
    // The marker's key is of the options, without the folder's.
    all.set(name.slice(join(folder, outdir).length + 1), text);
  }
  return all;
}
