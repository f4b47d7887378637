import { describe, expect, it } from "vitest";
import { openCheckpoint } from "../../src/weights/checkpoint.ts";
import { openSafetensors, writeSafetensors } from "../../src/weights/safetensors.ts";
import { bytes, failure, golden, le } from "./fixtures.ts";

/** A file with this header and that many zero bytes of data. */
function file(header: unknown, size: number): Uint8Array<ArrayBuffer> {
  const json = typeof header === "string" ? header : JSON.stringify(header);
  return bytes(le(new TextEncoder().encode(json).length, 8), json, new Uint8Array(size));
}
const one = (dtype: string, shape: unknown, data_offsets: unknown) => ({ w: { dtype, shape, data_offsets } });

describe("reading", () => {
  it("the golden file, written by the official library", async () => {
    const { format, tensors } = await openCheckpoint(golden("progan-tiny.expected.safetensors"));
    expect(format).toBe("safetensors");
    expect([...tensors.keys()].sort()).toEqual([
      "layer1",
      "layer2",
      "layer3",
      "layer4",
      "layer5",
      "layer6",
      "layer7",
      "layer8",
      "output_32x32",
      "z",
    ]);
    expect(tensors.get("layer3")!.shape).toEqual([4, 24, 8, 8]);
    const image = await tensors.get("output_32x32")!.read();
    expect(image.length).toBe(4 * 3 * 32 * 32);
    expect(image.every(Number.isFinite)).toBe(true);
  });

  it("refuses the golden file truncated anywhere", async () => {
    const whole = golden("progan-tiny.expected.safetensors");
    for (const cut of [1, 7, 8, 9, 20, 100, 600, 1000, 1024, 5000, 250_000, whole.length - 1]) {
      const error = await failure(openCheckpoint(whole.slice(0, cut)));
      expect(error.code, `cut at ${cut}: ${error}`).toBe("weights-format");
    }
  });

  const broken: [string, Uint8Array, code: string, RegExp][] = [
    [
      "overlapping tensors",
      file(
        { a: { dtype: "U8", shape: [4], data_offsets: [0, 4] }, b: { dtype: "U8", shape: [4], data_offsets: [2, 6] } },
        6,
      ),
      "weights-format",
      /"b" overlaps/,
    ],
    [
      "the same bytes twice",
      file(
        { a: { dtype: "U8", shape: [4], data_offsets: [0, 4] }, b: { dtype: "U8", shape: [4], data_offsets: [0, 4] } },
        4,
      ),
      "weights-format",
      /overlaps/,
    ],
    [
      "tensors that share one byte",
      file(
        { a: { dtype: "U8", shape: [4], data_offsets: [0, 4] }, b: { dtype: "U8", shape: [2], data_offsets: [3, 5] } },
        5,
      ),
      "weights-format",
      /"b" overlaps/,
    ],
    [
      "tensors that share one byte, the later one described first",
      file(
        { b: { dtype: "U8", shape: [2], data_offsets: [3, 5] }, a: { dtype: "U8", shape: [4], data_offsets: [0, 4] } },
        5,
      ),
      "weights-format",
      /"b" overlaps/,
    ],
    [
      "a hole of one byte before everything",
      file({ a: { dtype: "U8", shape: [2], data_offsets: [1, 3] } }, 3),
      "weights-format",
      /bytes 0 to 1/,
    ],
    [
      "a hole",
      file(
        { a: { dtype: "U8", shape: [2], data_offsets: [0, 2] }, b: { dtype: "U8", shape: [2], data_offsets: [3, 5] } },
        5,
      ),
      "weights-format",
      /bytes 2 to 3/,
    ],
    [
      "a name given twice",
      file(
        '{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"a":{"dtype":"U8","shape":[2],"data_offsets":[2,4]}}',
        4,
      ),
      "weights-format",
      /belong to no tensor/,
    ],
    ["data after the end", file(one("F32", [1], [0, 4]), 5), "weights-format", /1 bytes follow/],
    ["one byte less than is described", file(one("U8", [3], [0, 3]), 2), "weights-format", /need 3 bytes, it has 2/],
    ["text that is not UTF-8", bytes(le(15, 8), '{"w":{},"', 0xff, '":', "{}}"), "weights-format", /no JSON/],
    ["data cut off", file(one("F32", [2], [0, 8]), 7), "weights-format", /truncated/],
    ["a size that does not match the shape", file(one("F32", [2], [0, 4]), 4), "weights-shape", /needs 8/],
    ["a shape that overflows", file(one("F32", [2 ** 40, 2 ** 40], [0, 4]), 4), "weights-shape", /impossible shape/],
    ["offsets backwards", file(one("U8", [1], [1, 0]), 1), "weights-shape", /-1 bytes/],
    ["a negative offset", file(one("U8", [1], [-1, 0]), 1), "weights-format", /not described/],
    ["a fractional size", file(one("U8", [1.5], [0, 1]), 1), "weights-format", /not described/],
    ["no offsets", file({ w: { dtype: "U8", shape: [1] } }, 1), "weights-format", /not described/],
    ["a tensor that is null", file({ w: null }, 1), "weights-format", /not described/],
    ["an unknown dtype", file(one("F8_E4M3", [1], [0, 1]), 1), "weights-format", /F8_E4M3/],
    ["a dtype of Object.prototype", file(one("constructor", [1], [0, 1]), 1), "weights-format", /unknown dtype/],
    ["metadata of numbers", file({ __metadata__: { epoch: 3 } }, 0), "weights-format", /metadata/],
    ["no JSON", file('{"w": ', 0), "weights-format", /no JSON/],
    ["JSON nested to exhaustion", file(`{"w":${"[".repeat(200_000)}`, 0), "weights-format", /no JSON/],
    ["a header of 2⁶³ bytes", bytes(new Uint8Array(7), 0x80, "{}"), "weights-format", /./],
    ["a header longer than the file", bytes(le(1000, 8), "{}"), "weights-format", /truncated/],
  ];
  for (const [name, data, code, message] of broken) {
    it(`refuses ${name}`, async () => {
      const error = await failure(openCheckpoint(data));
      expect([error.code, error.message]).toEqual([code, expect.stringMatching(message)]);
    });
  }
});

describe("attributes in the metadata", () => {
  const written = (json: string) => openCheckpoint(writeSafetensors({}, { "ganatomy.attributes": json }));

  it("are numbers, words, switches and nulls", async () => {
    const { attributes } = await written('{ "lod": 1.5, "name": "Gs", "skip": true, "clamp": null, "__proto__": 1 }');
    expect([...attributes]).toEqual([
      ["lod", 1.5],
      ["name", "Gs"],
      ["skip", true],
      ["clamp", null],
      ["__proto__", 1],
    ]);
    expect((await openCheckpoint(writeSafetensors({}))).attributes.size).toBe(0);
  });

  it.each(["", "[1]", "3", '{ "a": [1] }', '{ "a": {} }'])("and nothing else: %s", async (json) => {
    await expect(written(json)).rejects.toThrow(/ganatomy\.attributes are no/);
  });
});

describe("headers at the byte", () => {
  it("take tensors in any order, empty ones where others begin", async () => {
    const { tensors } = await openCheckpoint(
      file(
        {
          last: { dtype: "U8", shape: [1], data_offsets: [3, 4] },
          first: { dtype: "U8", shape: [3], data_offsets: [0, 3] },
          none: { dtype: "U8", shape: [0], data_offsets: [3, 3] },
          nothing: { dtype: "U8", shape: [0, 2], data_offsets: [0, 0] },
        },
        4,
      ),
    );
    expect([...tensors].map(([name, { shape }]) => [name, shape])).toEqual([
      ["last", [1]],
      ["first", [3]],
      ["none", [0]],
      ["nothing", [0, 2]],
    ]);
    expect([...(await tensors.get("none")!.read())]).toEqual([]);
  });

  it("take each tensor's own bytes", async () => {
    const data = Uint8Array.from([1, 2, 3, 4, 5]);
    const json = JSON.stringify({
      a: { dtype: "U8", shape: [2], data_offsets: [0, 2] },
      b: { dtype: "U8", shape: [3], data_offsets: [2, 5] },
    });
    const { tensors } = await openCheckpoint(bytes(le(json.length, 8), json, data));
    expect([...(await tensors.get("a")!.read())]).toEqual([1, 2]);
    expect([...(await tensors.get("b")!.read())]).toEqual([3, 4, 5]);
  });

  it("are not read where they are longer than any network's, nor believed beyond the official limit", async () => {
    // Only the length is there: what is refused for its length is not read.
    const claims = async (length: number) => {
      const source = {
        name: "claim",
        size: 2 ** 40,
        read: async (start: number, end: number) => {
          if (start === 0) return bytes(le(length, 8)).subarray(start, end);
          throw new Error("read on");
        },
      };
      return (await failure(openSafetensors(source))).message;
    };
    expect(await claims(10_000_000)).toBe("read on");
    expect(await claims(10_000_001)).toContain("a header of 10000001 bytes, more than any network's");
    expect(await claims(100_000_000)).toContain("a header of 100000000 bytes");
    expect(await claims(100_000_001)).toContain("claims 100000001 bytes");
  });
});

describe("writing", () => {
  const inputs = {
    "b.half": { dtype: "float16", shape: [3], data: Uint16Array.from([0x3c00, 0xc000, 0x3800]) },
    bytes: { dtype: "uint8", shape: [3], data: Uint8Array.from([1, 2, 255]) },
    a: { dtype: "float32", shape: [2, 2], data: Float32Array.from([1, 2, 3, 4]) },
    wide: { dtype: "int64", shape: [1], data: BigInt64Array.from([-5n]) },
    brain: { dtype: "bfloat16", shape: [1], data: Uint16Array.from([0x4049]) },
    double: { dtype: "float64", shape: [], data: Float64Array.from([0.5]) },
    flags: { dtype: "bool", shape: [2], data: Uint8Array.from([0, 1]) },
    signed: { dtype: "int8", shape: [2], data: Int8Array.from([-1, 1]) },
    u64: { dtype: "uint64", shape: [1], data: BigUint64Array.from([2n ** 40n]) },
    u32: { dtype: "uint32", shape: [1], data: Uint32Array.from([2 ** 31]) },
    u16: { dtype: "uint16", shape: [1], data: Uint16Array.from([65535]) },
    i32: { dtype: "int32", shape: [1], data: Int32Array.from([-7]) },
    i16: { dtype: "int16", shape: [1], data: Int16Array.from([-8]) },
    __proto__x: { dtype: "float32", shape: [0], data: new Float32Array(0) },
  } as const;

  it("comes back as it was, every dtype", async () => {
    const { tensors, metadata } = await openCheckpoint(writeSafetensors(inputs, { made: "here" }));
    expect(metadata).toEqual({ made: "here" });
    expect(tensors.size).toBe(Object.keys(inputs).length);
    const wanted: Record<string, number[]> = {
      "b.half": [1, -2, 0.5],
      bytes: [1, 2, 255],
      a: [1, 2, 3, 4],
      wide: [-5],
      brain: [3.140625],
      double: [0.5],
      flags: [0, 1],
      signed: [-1, 1],
      u64: [2 ** 40],
      u32: [2 ** 31],
      u16: [65535],
      i32: [-7],
      i16: [-8],
      __proto__x: [],
    };
    for (const [name, { dtype, shape }] of Object.entries(inputs)) {
      const tensor = tensors.get(name)!;
      expect([name, tensor.dtype, tensor.shape]).toEqual([name, dtype, shape]);
      expect([...(await tensor.read())], name).toEqual(wanted[name]);
    }
  });

  it("is the same file whatever the order, data at a multiple of eight, each tensor aligned", async () => {
    const written = writeSafetensors(inputs);
    expect(writeSafetensors(Object.fromEntries(Object.entries(inputs).reverse()))).toEqual(written);
    // The least multiple of eight that holds the header.
    const headerBytes = new DataView(written.buffer).getUint32(0, true);
    const header = new TextDecoder().decode(written.subarray(8, 8 + headerBytes));
    expect([headerBytes % 8, header.length - header.trimEnd().length < 8]).toEqual([0, true]);
    // Wide types first, then by name.
    expect(Object.keys(JSON.parse(header))).toEqual(
      ["double", "u64", "wide", "__proto__x", "a", "i32", "u32", "b.half", "brain", "i16", "u16"].concat([
        "bytes",
        "flags",
        "signed",
      ]),
    );
    const view = await (await openCheckpoint(written)).tensors.get("a")!.read();
    expect(view.buffer).toBe(written.buffer);
  });

  it("takes a view into a larger buffer", async () => {
    const data = new Float32Array(10).map((_, i) => i).subarray(3, 5);
    const { tensors } = await openCheckpoint(writeSafetensors({ w: { dtype: "float32", shape: [2], data } }));
    expect([...(await tensors.get("w")!.read())]).toEqual([3, 4]);
  });

  it("refuses data that does not fit its shape, and a reserved name", () => {
    const data = new Float32Array(3);
    expect(() => writeSafetensors({ w: { dtype: "float32", shape: [2], data } })).toThrow(/12 bytes .* needs 8/);
    expect(() => writeSafetensors({ __metadata__: { dtype: "float32", shape: [3], data } })).toThrow("__metadata__");
    expect(() => writeSafetensors({ w: { dtype: "F32" as "float32", shape: [3], data } })).toThrow("unknown dtype");
  });
});
