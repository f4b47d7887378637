import { UsageError } from "../../errors.ts";
import type { Generator } from "../../index.ts";
import { type Latents, type LatentsOptions, placeOf } from "../../models/latents.ts";
import { digestOf, drawnBy, openLatents } from "../latents.ts";

/** Where a walk goes by: image 0 of a seed, or a row of a file. */
export type StopName = { readonly seed: number } | { readonly file: string; readonly row: number };

/** The stops of a walk, in one space. */
export interface Stops {
  readonly names: readonly StopName[];
  /** "z", or the layer that rows are of. */
  readonly space: string;
  /** One a stop, as `generator.images` takes them. */
  readonly rows: readonly Float32Array[];
  /** What draws all of them: with the weights that were fitted to a stop. */
  readonly generator: Generator;
  /** What tells these weights from others. */
  readonly weights?: string;
}

const SEED = /^\d+$/;

/** Before anything is loaded. @throws UsageError for a single seed, which leads nowhere. */
export function checkStops(asked: readonly string[]): void {
  if (asked.length === 1 && SEED.test(asked[0]!)) throw tooFew();
}

const tooFew = (): UsageError => new UsageError("A walk leads by two stops at least.", "Give another seed or file.");

/**
 * Opens seeds and files, and brings them into one space: the one asked for, or else the last that
 * any of them is in. What is earlier is led on by the generator.
 * @throws UsageError for fewer than two, a space that one of them lies behind, or weights of two
 *   stops that differ.
 */
export async function openStops(
  asked: readonly string[],
  generator: Generator,
  { space: wanted, signal, ...options }: Omit<LatentsOptions, "until"> & { readonly space?: string | undefined },
): Promise<Stops> {
  if (wanted !== undefined && wanted !== "z") generator.layer(wanted);
  const opened: (Latents & { readonly name: (row: number) => StopName })[] = [];
  for (const stop of asked) {
    if (SEED.test(stop)) {
      const seed = Number(stop);
      opened.push({ size: 1, rows: generator.sample({ size: 1, seed }), name: () => ({ seed }) });
    } else {
      const latents = await openLatents(stop, generator, { ...options, signal, until: wanted });
      opened.push({ ...latents, name: (row) => ({ file: stop, row }) });
    }
  }
  const spaces = opened.map(({ from = "z" }) => from);
  const last = spaces.reduce((one, other) => (placeOf(generator, other) > placeOf(generator, one) ? other : one));
  const space = wanted ?? last;
  if (placeOf(generator, last) > placeOf(generator, space)) {
    throw new UsageError(
      `"${asked[spaces.indexOf(last)]}" is in ${last}, from which no way leads back to ${space}.`,
      `Walk in ${last}, or give a stop that has ${space}.`,
    );
  }
  const fitted = opened.filter(({ weights }) => weights !== undefined);
  const digests = new Set(fitted.map(({ weights }) => digestOf(weights!)));
  if (digests.size > 1) {
    throw new UsageError(
      "Two of these were given weights of their own, and one generator draws the walk.",
      "Invert with --weight-steps 0, or walk in an earlier --space.",
    );
  }
  const drawing = fitted[0] ? await drawnBy(generator, fitted[0], signal) : generator;
  const names: StopName[] = [];
  const rows: Float32Array[] = [];
  for (const { size, rows: all, from = "z", name } of opened) {
    for (let row = 0; row < size; row += 1) {
      const own = all.subarray((row * all.length) / size, ((row + 1) * all.length) / size);
      names.push(name(row));
      rows.push(from === space ? own : await ledOn(drawing, own, { from, space, signal }));
    }
  }
  if (rows.length < 2) throw tooFew();
  const [weights] = digests;
  return { names, space, rows, generator: drawing, ...(weights !== undefined && { weights }) };
}

/** What a generator makes of a row at a later layer, as a tensor holds it. */
async function ledOn(
  generator: Generator,
  row: Float32Array,
  { from, space, signal }: { readonly from: string; readonly space: string; readonly signal: AbortSignal | undefined },
): Promise<Float32Array> {
  const part = { retain: [space], until: space, ...(from !== "z" && { from }) };
  const plan = await generator.compile({ batch: 1, ...part, signal });
  try {
    plan.run(row);
    return await plan.layers.get(space)!.read();
  } finally {
    plan.dispose();
  }
}
