import { createHash } from "node:crypto";
import { readExactly } from "../weights/bytes.ts";
import type { ReadOptions, Source } from "../weights/source.ts";

/** Bytes at a time. */
const CHUNK = 2 ** 24;

/** The SHA-256 of a file, in hex. */
export async function hashOf(source: Source, options: ReadOptions = {}): Promise<string> {
  const hash = createHash("sha256");
  for (let start = 0; start < source.size; start += CHUNK) {
    hash.update(await readExactly(source, start, Math.min(source.size, start + CHUNK), options));
  }
  return hash.digest("hex");
}
