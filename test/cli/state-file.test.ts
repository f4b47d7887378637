import { expect, test } from "vitest";
import { packState, stateHead, unpackState } from "../../src/cli/state-file.ts";
import type { StateTable } from "../../src/dissect/checkpoint.ts";
import { sha256 } from "../../src/node/kept/file.ts";

const FORMAT = "ganatomy state 1";
const ABOUT = { key: "k", adapter: "a" };
const tables = new Map<string, StateTable>([
  ["bytes", Uint8Array.of(1, 2, 3)],
  ["none", new Float32Array(0)],
  ["halves", Uint16Array.of(4, 65535)],
  ["words", Uint32Array.of(5, 2 ** 32 - 1)],
  ["floats", Float32Array.of(0.1, -0, Number.NaN)],
  ["doubles", Float64Array.of(0.1, 2 ** 53 - 1)],
  // a part of a larger buffer
  ["part", Uint32Array.of(9, 8, 7).subarray(1, 2)],
]);
const bytes = packState(FORMAT, ABOUT, { at: "levels 1", done: 7, tables });

test("a state is read as it was written, to the bit", () => {
  expect(unpackState(bytes, FORMAT)).toEqual({ about: ABOUT, state: { at: "levels 1", done: 7, tables } });
  expect(stateHead(bytes, FORMAT)).toMatchObject({ about: ABOUT, at: "levels 1", done: 7 });
  // its head says what it is without the tables
  expect(stateHead(bytes.subarray(0, bytes.indexOf(10) + 1), FORMAT)).toMatchObject({ at: "levels 1" });
});

test("another format, or one bit less, is none", () => {
  expect(unpackState(bytes, "ganatomy state 2")).toBeUndefined();
  expect(stateHead(bytes, "ganatomy state 2")).toBeUndefined();
  expect(unpackState(bytes.subarray(0, -1), FORMAT)).toBeUndefined();
  for (const at of [5, bytes.indexOf(10) - 3, bytes.indexOf(10) + 1, bytes.length - 1]) {
    const damaged = Uint8Array.from(bytes);
    damaged[at]! ^= 1;
    expect(unpackState(damaged, FORMAT)).toBeUndefined();
  }
  expect(unpackState(new Uint8Array(0), FORMAT)).toBeUndefined();
});

/** A file with this head, of these bytes, whose hash is right. */
function signed(head: object, body = new Uint8Array(8)): Uint8Array {
  const hash = sha256(`${JSON.stringify(head)}${sha256(body)}`);
  return Buffer.concat([Buffer.from(`${JSON.stringify({ ...head, sha256: hash })}\n`), body]);
}
const head = { format: FORMAT, about: {}, at: "scores", done: 0, tables: [["a", "Uint32Array", 2]] };

test.each<readonly [string, object, boolean]>([
  ["as many bytes as there are", {}, true],
  ["fewer", { tables: [["a", "Uint32Array", 1]] }, true],
  ["more bytes than there are", { tables: [["a", "Uint32Array", 3]] }, false],
  [
    "more in a second table",
    {
      tables: [
        ["a", "Uint32Array", 1],
        ["b", "Float64Array", 1],
      ],
    },
    false,
  ],
  ["less than none", { tables: [["a", "Uint32Array", -1]] }, false],
  ["half an entry", { tables: [["a", "Uint32Array", 0.5]] }, false],
  ["tables of no kind", { tables: [["a", "Array", 1]] }, false],
  ["no tables", { tables: undefined }, false],
  ["nothing of what it is", { about: "a" }, false],
  ["no phase", { at: 3 }, false],
  ["half an image", { done: 0.5 }, false],
  ["another format", { format: "other" }, false],
])("a state with %s, signed as it is", (_, damage, isWhole) => {
  expect(unpackState(signed({ ...head, ...damage }), FORMAT) !== undefined).toBe(isWhole);
});

test.each([[{ about: "a" }], [{ at: 3 }], [{ done: 0.5 }], [{ format: "other" }]])(
  "a head with %j says nothing",
  (damage) => {
    expect(stateHead(signed(head), FORMAT)).toBeDefined();
    expect(stateHead(signed({ ...head, ...damage }), FORMAT)).toBeUndefined();
  },
);
