import { expect, test } from "vitest";
import { noRoom, ranOut } from "../../src/node/host-memory.ts";

const thrown = (work: () => unknown): unknown => {
  try {
    return work();
  } catch (error) {
    return error;
  }
};
const withCode = (code: string): Error => Object.assign(new Error("no"), { code });

test("memory that cannot be had is told from what else is out of range", () => {
  expect(ranOut(thrown(() => new ArrayBuffer(2 ** 52)))).toBe(true);
  for (const words of [
    "WebAssembly.Memory(): could not allocate memory",
    "WebAssembly.instantiate(): Out of memory: Cannot allocate Wasm memory for new instance",
  ]) {
    expect(ranOut(new RangeError(words))).toBe(true);
    expect(ranOut(new Error(words))).toBe(false);
  }
  for (const code of ["ERR_MEMORY_ALLOCATION", "Z_MEM_ERROR"]) expect(ranOut(withCode(code))).toBe(true);
  for (const other of [
    thrown(() => new Uint8Array(2 ** 53)),
    thrown(() => new DataView(new ArrayBuffer(2)).getInt32(0)),
    withCode("Z_DATA_ERROR"),
    undefined,
  ]) {
    expect(ranOut(other)).toBe(false);
  }
});

test("it is an error with a code of its own, that says what there was no room for; others stay as they are", () => {
  const cause = thrown(() => new ArrayBuffer(2 ** 52));
  expect(noRoom(cause, '"a.png"')).toMatchObject({
    code: "host-memory",
    message: expect.stringMatching(/^"a.png" needs more memory than this machine has left\. Close /),
    cause,
  });
  const other = new TypeError("of ours");
  expect(noRoom(other, '"a.png"')).toBe(other);
});
