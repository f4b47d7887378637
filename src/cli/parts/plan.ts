// Tests: test/cli/parts/plan.test.ts

import { stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import type { Share } from "../../dissect/checkpoint.ts";
import { GanatomyError, UsageError } from "../../errors.ts";
import { unreadable } from "../../node/file-errors.ts";
import { sha256 } from "../../node/kept/file.ts";
import { readText } from "../../node/regular-file.ts";
import { VERSION } from "../../version.ts";
import { parseJson } from "../../weights/json.ts";
import type { DissectOptions } from "../job.ts";

/** The file of a plan in its folder. */
export const PLAN = "plan.json";
const FORMAT = "ganatomy plan 1";
/** How one gets other folders than a plan's own. */
export const REPLAN = "make the plan in another folder";

/** A dissection that is done in parts. */
export interface Plan {
  readonly format: typeof FORMAT;
  /** Of ganatomy: another version may round otherwise. */
  readonly version: string;
  /** What would do it in one run. */
  readonly command: string;
  /** Where that would be called: relative paths are from there. */
  readonly cwd: string;
  readonly options: DissectOptions;
  /** What is read, with its contents' hash. */
  readonly files: readonly { readonly name: string; readonly sha256: string }[];
  /** The dissected layers, and whether quantiles of their units are measured. */
  readonly layers: readonly string[];
  readonly quantiles: boolean;
  readonly size: number;
  /** Images of each part. */
  readonly parts: readonly Share[];
  /** Most likely: more come where very many labels occur. */
  readonly passes: number;
  /** Where the report goes. */
  readonly outdir: string;
}

/** A plan with its place, and what tells it from others. */
export interface OpenPlan {
  readonly plan: Plan;
  /** Absolute. */
  readonly folder: string;
  readonly key: string;
}

export const newPlan = (plan: Omit<Plan, "format" | "version">): Plan => ({
  format: FORMAT,
  version: VERSION,
  ...plan,
});

/** What parts must agree on: the plan, without where its report goes. */
export function planKey({
  outdir: _,
  command: __,
  options: { outdir: ___, force: ____, ...options },
  ...plan
}: Plan): string {
  return sha256(JSON.stringify({ ...plan, options }));
}

/** A plan as a file. */
export const planText = (plan: Plan): string => `${JSON.stringify(plan, null, 2)}\n`;

/**
 * Opens a plan, by its folder or file.
 * @throws GanatomyError "not-found"; "file" for a file that is none, or another version's.
 */
export async function openPlan(path: string): Promise<OpenPlan> {
  const isFolder = (await stat(path).catch(() => undefined))?.isDirectory() ?? false;
  const file = isFolder ? join(path, PLAN) : path;
  const text = await readText(file, (cause) => {
    if (cause.code !== "ENOENT") return unreadable(file, cause, REPLAN);
    throw new GanatomyError("not-found", `There is no plan "${file}".`, "Make one: ganatomy plan PLAN --split N.", {
      cause,
    });
  });
  const plan = parsed(text, file);
  if (plan.version !== VERSION) {
    throw new GanatomyError(
      "file",
      `The plan "${file}" is of ganatomy ${plan.version}, and this is ${VERSION}, which may round otherwise.`,
      "Run the version that made it on all machines, or make a new plan.",
    );
  }
  return { plan, folder: resolve(isFolder ? path : join(path, "..")), key: planKey(plan) };
}

function parsed(text: string, file: string): Plan {
  let plan: Partial<Plan> | undefined;
  try {
    plan = parseJson(text) as Partial<Plan>;
  } catch {
    // It is none, which is said below.
  }
  const { format, parts, passes, size, options, layers, files, version, cwd, outdir } = plan ?? {};
  const isWhole =
    format === FORMAT &&
    [version, cwd, outdir].every((text) => typeof text === "string") &&
    [parts, layers, files].every(Array.isArray) &&
    isObject(options) &&
    Number.isSafeInteger(size) &&
    Number.isSafeInteger(passes) &&
    (parts as unknown[]).every(isObject) &&
    isDivision(parts as Share[], size as number);
  if (isWhole) return plan as Plan;
  throw new GanatomyError("file", `"${file}" is no plan, or is damaged.`, "Make one: ganatomy plan PLAN --split N.");
}

const isObject = (value: unknown): boolean => typeof value === "object" && value !== null;

/** Whether these are all images, each once, in any order. */
function isDivision(parts: readonly Share[], size: number): boolean {
  let next = 0;
  for (const { first, end } of inOrder(parts)) {
    if (first !== next || !(end > first) || !Number.isSafeInteger(end)) return false;
    next = end;
  }
  return next === size;
}

/** Parts in the order of their images. */
export const inOrder = (parts: readonly Share[]): Share[] => [...parts].sort((a, b) => a.first - b.first);

/** So many parts of nearly one size. */
export const evenParts = (size: number, count: number): Share[] =>
  Array.from({ length: count }, (_, part) => ({
    first: Math.floor((size * part) / count),
    end: Math.floor((size * (part + 1)) / count),
  }));

/**
 * Parts of these sizes, the first ones of the images first.
 * @throws UsageError where they are not all images.
 */
export function partsOf(sizes: readonly number[], size: number): Share[] {
  const sum = sizes.reduce((a, b) => a + b, 0);
  if (sum !== size) {
    throw new UsageError(`Parts of ${sizes.join(", ")} images are ${sum} of ${size}.`, "Give parts of all images.");
  }
  let first = 0;
  return sizes.map((images) => {
    const share = { first, end: first + images };
    first = share.end;
    return share;
  });
}
