import { viewOf } from "./bytes.ts";
import { LENGTH_BYTES, MAX_HEADER_BYTES } from "./safetensors.ts";

// Tests: test/weights/checkpoint.test.ts

/** Bytes from the start of a file that `sniffContainer` wants to see. */
export const SNIFF_BYTES = 1024;

export type Container = "zip" | "pickle" | "npy" | "safetensors" | "index" | "onnx";

/**
 * Tells the container by its first bytes, never by its name; undefined when it is none that is
 * known.
 * @param head the first SNIFF_BYTES, or all there are
 */
export function sniffContainer(head: Uint8Array): Container | undefined {
  if (starts(head, 0x50, 0x4b, 0x03, 0x04) || starts(head, 0x50, 0x4b, 0x05, 0x06)) return "zip";
  if (starts(head, 0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59)) return "npy";
  if (head[0] === 0x80 && head[1]! >= 2 && head[1]! <= 5) return "pickle";
  if (looksLikeSafetensors(head)) return "safetensors";
  // a version below 21, and then one of the fields that writers put next
  if (head[0] === 0x08 && head[1]! <= 20 && [0x12, 0x22, 0x2a, 0x3a, 0x42].includes(head[2] ?? 0)) return "onnx";
  // the index of a checkpoint in several files
  if (/^\s*\{[\s\S]*"weight_map"/.test(latin1(head))) return "index";
  return undefined;
}

/**
 * A plausible header length and the brace that must follow; a truncated file counts too, to be told
 * so later.
 */
function looksLikeSafetensors(head: Uint8Array): boolean {
  if (head.length <= LENGTH_BYTES || head[LENGTH_BYTES] !== 0x7b) return false;
  return Number(viewOf(head).getBigUint64(0, true)) <= MAX_HEADER_BYTES;
}

export function starts(head: Uint8Array, ...bytes: readonly number[]): boolean {
  return bytes.every((byte, i) => head[i] === byte);
}

export function latin1(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes);
}
