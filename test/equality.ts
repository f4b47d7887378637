import { expect } from "vitest";

// Tests: test/equality.test.ts

const bytesOf = ({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array =>
  new Uint8Array(buffer, byteOffset, byteLength);

/**
 * Whether both are the same numbers, where that is seen at once: true, or undefined where the
 * matcher is to look itself, and to say what differs. It takes a second for a hundred thousand
 * numbers, and tests compare whole maps.
 */
export function sameNumbers(a: unknown, b: unknown): true | undefined {
  if (ArrayBuffer.isView(a) && ArrayBuffer.isView(b)) {
    if (a.constructor !== b.constructor || a.byteLength !== b.byteLength) return undefined;
    return Buffer.compare(bytesOf(a), bytesOf(b)) === 0 || undefined;
  }
  if (!Array.isArray(a) || !Array.isArray(b) || a.length !== b.length || a.length === 0) return undefined;
  for (let at = 0; at < a.length; at += 1) {
    if (typeof a[at] !== "number" || !Object.is(a[at], b[at])) return undefined;
  }
  return true;
}

// Test files that share a process each load this; what they share already knows it.
const shared = globalThis as { comparesNumbers?: true };
if (!shared.comparesNumbers) expect.addEqualityTesters([sameNumbers]);
shared.comparesNumbers = true;
