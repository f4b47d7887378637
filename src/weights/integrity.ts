import { UnsupportedError, UsageError, WeightsError } from "../errors.ts";

// Tests: test/weights/checkpoint.test.ts, test/weights/http.test.ts

/**
 * Normalises an expected SHA-256: 64 hex digits, or a prefix of at least 8.
 * @throws UsageError; UnsupportedError `insecure-context`, before anything is downloaded in vain.
 */
export function parseSha256(text: string): string {
  const hex = text.trim().toLowerCase();
  if (!/^[0-9a-f]{8,64}$/.test(hex)) {
    throw new UsageError(`sha256 "${text}" is not a SHA-256.`, "Give 64 hex digits, or the first 8 or more of them.");
  }
  if (globalThis.crypto?.subtle === undefined) {
    throw new UnsupportedError(
      "insecure-context",
      "A SHA-256 cannot be checked here: crypto.subtle exists only in secure contexts.",
      "Serve the page over https or from localhost, or load without sha256.",
    );
  }
  return hex;
}

/** The SHA-256 of bytes as 64 hex digits. */
export async function sha256Of(bytes: Uint8Array): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes as Uint8Array<ArrayBuffer>));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/**
 * Checks that the SHA-256 of `bytes` starts with `expected` (lower-case hex).
 * @throws WeightsError `weights-integrity`, naming both hashes.
 */
export async function verifySha256(bytes: Uint8Array, expected: string, name: string): Promise<void> {
  const actual = await sha256Of(bytes);
  if (actual.startsWith(expected)) return;
  throw new WeightsError(
    "weights-integrity",
    `${name} has SHA-256 ${actual}, expected ${expected}.`,
    "The file is damaged, has been replaced, or the expected hash belongs to another file; download it again or correct the hash.",
  );
}
