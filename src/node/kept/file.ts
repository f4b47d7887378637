import { createHash } from "node:crypto";
import { OutputError } from "../../errors.ts";
import { parseJson } from "../../weights/json.ts";
import { unreadable } from "../file-errors.ts";
import { readText } from "../regular-file.ts";

/** What kind of file a kept one is. */
export interface KeptForm {
  /** What the state is, and the version of how it is written: "ganatomy measurements 2". */
  readonly format: string;
  /** Cache key: of what the state depends on, where a file of that name can be another's. */
  readonly key?: string;
}

/** In hex. */
export const sha256 = (data: string | Uint8Array): string => createHash("sha256").update(data).digest("hex");

/** The text of a kept file, by the JSON of its state. */
export function packKept({ format, key }: KeptForm, state: string): string {
  const head = JSON.stringify({ format, key, sha256: sha256(state) });
  return `${head.slice(0, -1)},"state":${state}}\n`;
}

/**
 * The state in a kept file: undefined where there is no such file, or one of another key. `earlier`
 * finds the state in what an earlier version wrote.
 * @throws OutputError when the file cannot be read, is damaged or not of ours: it stays as it is,
 *   and nothing in it is believed.
 */
export async function readKept<T>(
  path: string,
  { format, key }: KeptForm,
  earlier: (file: Record<string, unknown>) => T | undefined = () => undefined,
): Promise<T | undefined> {
  const text = await readText(path, (cause) => {
    if (cause.code === "ENOENT") return undefined;
    return unreadable(path, cause);
  });
  if (text === undefined) return undefined;
  try {
    const file = parseJson(text) as Record<string, unknown>;
    if (file["format"] === format && file["sha256"] === sha256(JSON.stringify(file["state"]))) {
      return file["key"] === key ? (file["state"] as T) : undefined;
    }
    const state = earlier(file);
    if (state !== undefined) return state;
  } catch {
    // said below
  }
  throw new OutputError(
    `"${path}" is damaged, or was not written by ganatomy.`,
    "Remove it to start over, or choose another --outdir.",
  );
}
