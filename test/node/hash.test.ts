import { expect, test } from "vitest";
import { hashOf } from "../../src/node/hash.ts";
import { openSource } from "../../src/weights/open.ts";

test("a file's SHA-256 is that of its bytes, however many", async () => {
  // FIPS 180-2, appendix B: of "abc", of nothing, and of a million times "a"; then of more than is
  // read at a time.
  const known = [
    ["abc", 1, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"],
    ["", 1, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"],
    ["a", 1_000_000, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"],
    ["\0", 2 ** 24 + 5, "1131766e0f67e96faf7a64e1ceb59e36e44b9291e68e9dc5c7622d7494b6043b"],
  ] as const;
  for (const [text, times, hash] of known) {
    const bytes = new Uint8Array(text.length * times).map((_, i) => text.charCodeAt(i % Math.max(1, text.length)));
    expect(await hashOf(await openSource(bytes))).toBe(hash);
  }
});
