/**
 * Finished measurements: numbers by what was measured, images and models included. A `Map`
 * will do; `ganatomy/node` has one that outlives the program.
 */
export interface Measurements {
  /** What was measured under a key, if it was. */
  get(key: string): readonly number[] | undefined | Promise<readonly number[] | undefined>;
  /** Keeps it; awaited before the next measurement. */
  set(key: string, counts: readonly number[]): unknown;
}

/**
 * A name for what was measured: a SHA-256 over its parts, in hex. Numbers in typed arrays count as
 * in plain ones. Empty where parts hold features on a GPU, which cannot be told from others.
 */
export async function digest(parts: readonly unknown[]): Promise<string> {
  let told = true;
  const text = JSON.stringify(parts, (key, value) => {
    if (key === "features") told = false;
    return ArrayBuffer.isView(value) ? Array.from(value as Uint8Array) : value;
  });
  if (!told) return "";
  const bytes = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text)));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/**
 * A measurement from `finished`, or else what `run` measures now, which is kept there. The cache
 * key is a digest of `what`. Where `what` has features on the GPU, as values copied from another
 * image, there is no key, and nothing is kept.
 */
export async function once(
  finished: Measurements | undefined,
  what: readonly unknown[],
  run: () => Promise<readonly number[]>,
): Promise<readonly number[]> {
  const key = finished && (await digest(what));
  if (!finished || !key) return run();
  const known = await finished.get(key);
  if (known) return known;
  const numbers = await run();
  await finished.set(key, numbers);
  return numbers;
}
