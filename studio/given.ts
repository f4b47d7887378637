import { GanatomyError, UsageError } from "../src/errors.ts";
import type { LoadRequest, SegmenterSource } from "../src/session/index.ts";

// Tests: test/studio/given.test.ts

/**
 * A generator to open, what is known of it and by whom, and latents to show on it; or these alone,
 * on what comes along.
 */
export interface Given extends Pick<LoadRequest, "name" | "network" | "classes"> {
  readonly generator?: string;
  readonly latents?: string;
  readonly report?: string;
  /** The dissect.json beside it. */
  readonly rankings?: string;
  readonly segmenter?: SegmenterSource;
  /** `LAYER/quantiles.npz` of the report's folder, by layer. */
  readonly quantiles?: Readonly<Record<string, string>>;
}

const FIX = "Open the studio without ?open=, or see docs/studio.md for what the file must say.";
/** Names of files in `Given`, each an address beside it. */
const FILES = ["generator", "latents", "report", "rankings"] as const;
const NAMES: readonly string[] = [...FILES, "name", "network", "classes", "segmenter", "quantiles"];

/**
 * What the page's address asks for: `?open=` names a JSON file of the studio's own origin, a
 * `LoadRequest` whose addresses are relative to the file. `ganatomy studio DIR` makes one, any host
 * may have others. Undefined where nothing is asked for.
 * @throws GanatomyError `network` when it cannot be had, UsageError when it is none.
 */
export async function givenBy(page: string, load: typeof fetch = fetch): Promise<Given | undefined> {
  const asked = new URL(page).searchParams.get("open");
  if (asked === null) return undefined;
  const at = beside(asked, page);
  const response = await load(at).catch((cause: unknown) => {
    throw new GanatomyError("network", `"${asked}" cannot be had.`, "Is the server still there?", { cause });
  });
  if (!response.ok) throw new GanatomyError("network", `"${asked}" answered ${response.status}.`, FIX);
  const said: unknown = await response.json().catch(() => undefined);
  if (typeof said !== "object" || said === null) throw new UsageError(`"${asked}" is no JSON object.`, FIX);
  const unknown = Object.keys(said).find((name) => !NAMES.includes(name));
  if (unknown !== undefined) throw new UsageError(`"${asked}" says "${unknown}", which is nothing to open.`, FIX);
  const { segmenter, generator, latents, quantiles, ...rest } = said as Given;
  const others = Object.keys(said).length > (latents === undefined ? 0 : 1);
  if (generator === undefined && (others || latents === undefined)) {
    throw new UsageError(`"${asked}" names no generator.`, FIX);
  }
  return {
    ...rest,
    ...(generator !== undefined && { generator: beside(generator, at) }),
    ...(latents !== undefined && { latents: beside(latents, at) }),
    ...(rest.report !== undefined && { report: beside(rest.report, at) }),
    ...(rest.rankings !== undefined && { rankings: beside(rest.rankings, at) }),
    ...(segmenter !== undefined && {
      segmenter: segmenter === "self" ? segmenter : filesBeside(segmenter, at, "segmenter"),
    }),
    ...(quantiles !== undefined && { quantiles: filesBeside(quantiles, at, "part about quantiles") }),
  };
}

function filesBeside<T>(files: T, at: string, what: string): T {
  if (typeof files !== "object" || files === null) throw new UsageError(`The ${what} is no list of files.`, FIX);
  return Object.fromEntries(Object.entries(files).map(([role, path]) => [role, beside(path, at)])) as T;
}

/** An address relative to another, which a link to the studio must not lead elsewhere. */
function beside(path: unknown, base: string): string {
  const { origin } = new URL(base);
  const url = typeof path === "string" && URL.canParse(path, base) ? new URL(path, base) : undefined;
  if (url?.origin === origin) return url.href;
  throw new UsageError(`The studio opens nothing from "${String(path)}": it is not of ${origin}.`, FIX);
}
