import { deflateRawSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { openCheckpoint } from "../../src/weights/checkpoint.ts";
import { bytes, failure, le, zip } from "./fixtures.ts";

function npy(header: string, data: ArrayBufferView, version = 1): Uint8Array<ArrayBuffer> {
  const text = `${header}\n`;
  const length = version === 1 ? le(text.length, 2) : le(text.length, 4);
  return bytes(0x93, "NUMPY", version, 0, length, text, new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
}
const header = (descr: string, shape: string, fortran = "False") =>
  `{'descr': ${descr}, 'fortran_order': ${fortran}, 'shape': ${shape}, }   `;
const SIX = [1, 2, 3, 4, 5, 6];
const read = async (file: Uint8Array, name = "arr_0") => {
  const tensor = (await openCheckpoint(file)).tensors.get(name)!;
  return { shape: tensor.shape, dtype: tensor.dtype, values: [...(await tensor.read())] };
};

describe("npy", () => {
  const types: [descr: string, dtype: string, data: ArrayBufferView][] = [
    ["'<f8'", "float64", Float64Array.from(SIX)],
    ["'<f4'", "float32", Float32Array.from(SIX)],
    ["'<f2'", "float16", Uint16Array.from([0x3c00, 0x4000, 0x4200, 0x4400, 0x4500, 0x4600])],
    ["'<i8'", "int64", BigInt64Array.from(SIX.map(BigInt))],
    ["'<i4'", "int32", Int32Array.from(SIX)],
    ["'<i2'", "int16", Int16Array.from(SIX)],
    ["'|i1'", "int8", Int8Array.from(SIX)],
    ["'<u8'", "uint64", BigUint64Array.from(SIX.map(BigInt))],
    ["'<u4'", "uint32", Uint32Array.from(SIX)],
    ["'<u2'", "uint16", Uint16Array.from(SIX)],
    ["'|u1'", "uint8", Uint8Array.from(SIX)],
    [
      "'>f4'",
      "float32",
      bytes(
        ...SIX.map((value) => {
          const v = new DataView(new ArrayBuffer(4));
          v.setFloat32(0, value);
          return new Uint8Array(v.buffer);
        }),
      ),
    ],
    ["'>i2'", "int16", bytes(...SIX.flatMap((value) => [0, value]))],
  ];
  for (const [descr, dtype, data] of types) {
    it(`${descr}, C and Fortran order, versions 1 to 3`, async () => {
      for (const version of [1, 2, 3]) {
        const c = await read(npy(header(descr, "(2, 3)"), data, version));
        expect(c).toEqual({ shape: [2, 3], dtype, values: SIX });
        const f = await read(npy(header(descr, "(2, 3)", "True"), data, version));
        expect(f.values).toEqual([1, 3, 5, 2, 4, 6]);
      }
    });
  }

  it("bools, scalars, one dimension, Python 2 sizes, double quotes, none at all", async () => {
    expect((await read(npy(header("'|b1'", "(3,)"), Uint8Array.from([0, 1, 2])))).values).toEqual([0, 1, 1]);
    expect(await read(npy(header("'<f4'", "()"), Float32Array.of(7)))).toEqual({
      shape: [],
      dtype: "float32",
      values: [7],
    });
    expect((await read(npy(header("'<f4'", "(2L, 3L)"), Float32Array.from(SIX)))).shape).toEqual([2, 3]);
    expect((await read(npy('{"descr":"<f4","fortran_order":False,"shape":(1,)}', Float32Array.of(7)))).values).toEqual([
      7,
    ]);
    expect((await read(npy(header("'<f4'", "(0, 3)"), new Float32Array(0)))).values).toEqual([]);
  });

  const broken: [string, string, string, RegExp][] = [
    ["objects", header("'|O'", "(6,)"), "weights-unsafe", /Python objects/],
    ["strings", header("'<U3'", "(2,)"), "weights-format", /<U3/],
    ["complex", header("'<c8'", "(3,)"), "weights-format", /<c8/],
    ["a record", header("[('a', '<f4'), ('b', '<i4')]", "(3,)"), "weights-format", /no plain numbers/],
    ["a type of Object.prototype", header("'<constructor'", "(3,)"), "weights-format", /no plain numbers/],
    ["too few data", header("'<f4'", "(7,)"), "weights-shape", /24 bytes .* needs 28/],
    ["too many data", header("'<f4'", "(5,)"), "weights-shape", /24 bytes .* needs 20/],
    ["a shape that overflows", header("'<f4'", "(4503599627370496, 4503599627370496)"), "weights-shape", /impossible/],
    ["a negative size", header("'<f4'", "(-6,)"), "weights-shape", /impossible/],
    ["no shape", "{'descr': '<f4', 'fortran_order': False}", "weights-format", /lacks/],
    ["an expression", "{'descr': '<f4', 'fortran_order': False, 'shape': (open('x'),)}", "weights-format", /damaged/],
    ["something after the dict", `${header("'<f4'", "(6,)")} + 1`, "weights-format", /damaged/],
    ["no dict", "(6,)", "weights-format", /no dict/],
    ["nesting to exhaustion", "(".repeat(60_000), "weights-format", /damaged/],
  ];
  for (const [name, text, code, message] of broken) {
    it(`refuses ${name}`, async () => {
      const error = await failure(openCheckpoint(npy(text, Float32Array.from(SIX))));
      expect([error.code, error.message]).toEqual([code, expect.stringMatching(message)]);
    });
  }

  it("refuses version 9, a header of 4 GiB, and truncation anywhere", async () => {
    const whole = npy(header("'<f4'", "(6,)"), Float32Array.from(SIX));
    expect((await failure(openCheckpoint(bytes(whole.slice(0, 6), 9, whole.slice(7))))).message).toMatch(
      "version 1 to 3",
    );
    expect((await failure(openCheckpoint(bytes(0x93, "NUMPY", 2, 0, le(0xffffffff, 4), "{}")))).message).toMatch(
      "claims 4294967295",
    );
    for (let cut = 0; cut < whole.length; cut++) {
      expect((await failure(openCheckpoint(whole.slice(0, cut)))).code, `cut at ${cut}`).toMatch(
        /^weights-(format|shape)$/,
      );
    }
  });
});

describe("npz", () => {
  // Long enough to need several pieces, random enough not to deflate to nothing.
  const long = Float32Array.from({ length: 300_000 }, (_, i) => Math.fround(Math.sin(i * i)));
  const a = npy(header("'<f4'", "(2, 3)"), Float32Array.from(SIX));
  const b = npy(header("'<f4'", "(300000,)"), long);
  const deflated = (name: string, data: Uint8Array) => ({
    name,
    data: deflateRawSync(data),
    method: 8,
    size: data.length,
  });

  it("stored, deflated, zip64", async () => {
    const stored = [
      { name: "layer.a.npy", data: a },
      { name: "b.npy", data: b },
    ];
    for (const file of [
      zip(stored),
      zip(stored, { zip64: true }),
      zip(stored.map(({ name, data }) => deflated(name, data))),
    ]) {
      const { format, tensors } = await openCheckpoint(file);
      expect(format).toBe("npz");
      expect([...tensors.keys()]).toEqual(["layer.a", "b"]);
      expect([...(await tensors.get("layer.a")!.read())]).toEqual(SIX);
      expect(await tensors.get("b")!.read()).toEqual(long);
    }
  });

  it("an object array is refused by name", async () => {
    const file = zip([
      { name: "ok.npy", data: a },
      { name: "bad.npy", data: npy(header("'|O'", "(6,)"), Float32Array.from(SIX)) },
    ]);
    const error = await failure(openCheckpoint(file));
    expect([error.code, error.message]).toEqual(["weights-unsafe", expect.stringMatching(/^bad\.npy/)]);
  });

  it("deflated data that lie about their size or are damaged", async () => {
    const packed = deflateRawSync(a);
    const promise = (size: number, data: Uint8Array = packed) =>
      failure(
        openCheckpoint(zip([{ name: "w.npy", data, method: 8, size }])).then(({ tensors }) => tensors.get("w")!.read()),
      );
    expect((await promise(2 ** 31)).message).toMatch("unpacks to many times its");
    expect((await promise(a.length + 4)).code).toBe("weights-shape");
    expect((await promise(a.length, packed.slice(0, 20))).code).toBe("weights-format");
    expect(
      (
        await promise(
          a.length,
          packed.map((byte) => byte ^ 0xff),
        )
      ).message,
    ).toMatch("cannot be inflated");
  });
});

describe("zip archives that lie", () => {
  const w = { name: "w.npy", data: npy(header("'<f4'", "(2, 3)"), Float32Array.from(SIX)) };
  const whole = zip([w]);
  const cases: [string, Uint8Array, RegExp][] = [
    ["an entry beyond the file", zip([{ ...w, header: 1_000_000 }]), /leaves the archive/],
    ["an entry larger than the file", zip([{ ...w, size: 2 ** 31, compressedSize: 2 ** 31 }]), /leaves the archive/],
    [
      "an entry of 2⁵² bytes",
      zip([{ ...w, size: 2 ** 52, compressedSize: 2 ** 52 }], { zip64: true }),
      /leaves the archive/,
    ],
    ["entries on top of each other", zip([w, { ...w, name: "x.npy", header: 0 }]), /overlaps/],
    ["two entries of one name", zip([w, w]), /two entries/],
    [
      "a header elsewhere",
      zip([
        { ...w, header: 1 },
        { name: "pad", data: new Uint8Array(99) },
      ]),
      /has no header/,
    ],
    ["encryption", zip([{ ...w, flags: 1 }]), /encrypted/],
    ["another compression", zip([{ ...w, method: 12 }]), /method 12/],
    ["a stored entry of two sizes", zip([{ ...w, size: 5 }]), /two sizes/],
    [
      "more entries than there are",
      whole.map((byte, i) => (i === whole.length - 12 ? 9 : byte)),
      /1 readable entries of 9/,
    ],
    ["a directory beyond the file", whole.map((byte, i) => (i === whole.length - 4 ? 9 : byte)), /truncated/],
    ["no directory", whole.slice(0, -22), /directory at its end is missing/],
    ["neither weights nor arrays", zip([{ name: "word/document.xml", data: bytes("x") }]), /"word\/document\.xml"/],
    ["nothing", zip([]), /holds nothing/],
    [
      "a save that was interrupted",
      zip([
        { name: "model/data/0", data: bytes("x") },
        { name: "model/version", data: bytes("3") },
      ]),
      /torch\.save had written when it was interrupted/,
    ],
  ];
  for (const [name, file, message] of cases) {
    it(name, async () => {
      const error = await failure(openCheckpoint(file));
      expect([error.code, error.message]).toEqual(["weights-format", expect.stringMatching(message)]);
    });
  }
});

it("many arrays in one file are opened without a warning of Node", async () => {
  const header = "{'descr': '<f4', 'fortran_order': False, 'shape': (1,), }".padEnd(117).concat("\n");
  const array = bytes(0x93, "NUMPY", 1, 0, le(header.length, 2), header, new Uint8Array(4));
  const file = zip(Array.from({ length: 18 }, (_, i) => ({ name: `a${i}.npy`, data: array })));
  const warnings: Error[] = [];
  const listener = (warning: Error) => warnings.push(warning);
  process.on("warning", listener);
  const opened = await openCheckpoint(file, { signal: new AbortController().signal });
  await new Promise((resolve) => setTimeout(resolve, 10)); // warnings come in a turn of their own
  process.off("warning", listener);
  expect([opened.tensors.size, warnings]).toEqual([18, []]);
});
