import { describe, expect, it } from "vitest";
import { allocateBytes, blobSource, memorySource, readExactly, section, viewOf } from "../../src/weights/bytes.ts";
import { failure } from "./fixtures.ts";

const BYTES = Uint8Array.of(10, 11, 12, 13, 14, 15);

describe("sources in memory", () => {
  it("have their size, their name and their bytes", async () => {
    const [memory, blob] = [memorySource(BYTES), blobSource(new Blob([BYTES]))];
    expect([memory.name, memory.size, blob.name, blob.size]).toEqual(["buffer", 6, "blob", 6]);
    expect(memorySource(BYTES, "weights").name).toBe("weights");
    expect(blobSource(new File([BYTES], "g.pth")).name).toBe("g.pth");
    for (const source of [memory, blob]) expect([...(await source.read(1, 4))]).toEqual([11, 12, 13]);
  });

  it("stop at the signal with its reason", async () => {
    const signal = AbortSignal.abort(new Error("enough"));
    for (const source of [
      memorySource(BYTES),
      blobSource(new Blob([BYTES])),
      section(memorySource(BYTES), 1, 2, "s"),
    ]) {
      await expect(source.read(0, 1, { signal })).rejects.toThrow("enough");
    }
  });
});

describe("a section", () => {
  it("is a source of its own, which begins where it was told", async () => {
    const part = section(memorySource(BYTES), 2, 3, "part");
    expect([part.name, part.size]).toEqual(["part", 3]);
    expect([...(await part.read(1, 3))]).toEqual([13, 14]);
    expect([...(await readExactly(part, 0, 3))]).toEqual([12, 13, 14]);
    expect((await failure(readExactly(part, 0, 4))).message).toMatch("part is truncated or damaged: bytes 0 to 4");
  });
});

describe("reading exactly", () => {
  it("gives what there is, up to the end and nothing", async () => {
    const source = memorySource(BYTES);
    expect([...(await readExactly(source, 0, 6))]).toEqual([...BYTES]);
    expect([...(await readExactly(source, 6, 6))]).toEqual([]);
  });

  it.each([
    [-1, 2],
    [3, 2],
    [0, 7],
    [0.5, 2],
    [0, 1.5],
    [Number.NaN, 2],
    [0, Number.POSITIVE_INFINITY],
    [0, 2 ** 53],
  ])("refuses bytes %d to %d of six before it reads any", async (start, end) => {
    let asked = 0;
    const read = async () => {
      asked += 1;
      return BYTES;
    };
    const error = await failure(readExactly({ name: "six", size: 6, read }, start, end));
    expect([error.code, error.message]).toEqual([
      "weights-format",
      expect.stringMatching(`six is truncated or damaged: bytes ${start} to ${end} are needed, it has 6`),
    ]);
    expect(asked).toBe(0);
  });

  it("also of a source that claims to have them", async () => {
    const huge = { name: "huge", size: Number.POSITIVE_INFINITY, read: async () => new Uint8Array() };
    expect((await failure(readExactly(huge, 2 ** 53, 2 ** 53))).code).toBe("weights-format");
  });

  it.each([1, 3])("notices that %d bytes come instead of two", async (count) => {
    const source = { name: "other", size: 6, read: async () => BYTES.subarray(0, count) };
    const error = await failure(readExactly(source, 2, 4));
    expect(error.message).toMatch(`2 bytes were asked for at 2, ${count} came`);
  });
});

it("memory that no machine has is an error that says how much and for what", () => {
  expect([...allocateBytes(2, "x")]).toEqual([0, 0]);
  expect(() => allocateBytes(2 ** 53 - 1, "The tensor")).toThrow(
    expect.objectContaining({
      code: "host-memory",
      message: expect.stringMatching("The tensor needs 9007199254740991 bytes"),
      cause: expect.anything(),
    }),
  );
});

it("a view has these bytes and no others", () => {
  const view = viewOf(BYTES.subarray(2, 5));
  expect([view.byteLength, view.getUint8(0), view.getUint8(2)]).toEqual([3, 12, 14]);
});
