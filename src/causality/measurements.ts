/**
 * Finished measurements: whole numbers by what was measured, images and models included. A `Map`
 * will do; `ganatomy/node` has one that outlives the program.
 */
export interface Measurements {
  get(key: string): readonly number[] | undefined | Promise<readonly number[] | undefined>;
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
