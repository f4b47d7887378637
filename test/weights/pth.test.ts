import { deflateRawSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { openCheckpoint } from "../../src/weights/checkpoint.ts";
import { decodeFloat16, encodeBfloat16, encodeFloat16 } from "../../src/weights/float16.ts";
import { bytes, failure, golden, legacy, p, recipe, storage, tensor, zip } from "./fixtures.ts";

/** The tiny generator by the specification §1.1 and §1.3, sizes [16, 16, 24, 16, 8]. */
const SHAPES: Readonly<Record<string, number[]>> = {
  "layer1.conv.weight": [16, 16, 4, 4],
  "layer2.conv.weight": [16, 16, 3, 3],
  "layer3.conv.weight": [24, 16, 3, 3],
  "layer4.conv.weight": [24, 24, 3, 3],
  "layer5.conv.weight": [16, 24, 3, 3],
  "layer6.conv.weight": [16, 16, 3, 3],
  "layer7.conv.weight": [8, 16, 3, 3],
  "layer8.conv.weight": [8, 8, 3, 3],
  "output_32x32.conv.weight": [3, 8, 1, 1],
};

describe("the five containers of the tiny generator", () => {
  const rename = (name: string) =>
    name.replace(/^features\.(\d+)/, (_, i) => `layer${Number(i) + 1}`).replace(/^output\./, "output_32x32.");

  for (const [file, format] of [
    ["legacy", "pth-legacy"],
    ["zip", "pth-zip"],
    ["old-names", "pth-legacy"],
    ["views", "pth-legacy"],
    ["half", "pth-zip"],
  ] as const) {
    it(`${file} holds the recipe's weights`, async () => {
      const checkpoint = await openCheckpoint(golden(`progan-tiny.${file}.pth`));
      expect(checkpoint.format).toBe(format);
      expect([...checkpoint.attributes]).toEqual(file === "old-names" ? [["epoch", 3]] : []);
      expect(checkpoint.tensors.size).toBe(18);
      for (const [name, held] of checkpoint.tensors) {
        const key = file === "old-names" ? rename(name) : name;
        const shape = SHAPES[key] ?? SHAPES[key.replace("wscale.b", "conv.weight")]!.slice(0, 1);
        expect(held.shape, name).toEqual(shape);
        const exact = recipe(
          key,
          shape.reduce((a, b) => a * b),
        );
        const wanted = file === "half" ? decodeFloat16(encodeFloat16(exact)) : exact;
        expect(held.dtype).toBe(file === "half" ? "float16" : "float32");
        expect(await held.read(), name).toEqual(wanted);
      }
    });
  }

  it("read the same from a Blob and from a source of the caller's", async () => {
    const file = golden("progan-tiny.zip.pth");
    const reads: number[] = [];
    const own = {
      name: "own",
      size: file.length,
      read: async (start: number, end: number) => {
        reads.push(end - start);
        return file.slice(start, end);
      },
    };
    for (const like of [new Blob([file]), own]) {
      const checkpoint = await openCheckpoint(like);
      expect(await checkpoint.tensors.get("layer8.conv.weight")!.read()).toEqual(recipe("layer8.conv.weight", 576));
    }
  });

  it("opening reads pickles only", async () => {
    const data = new Float32Array(1e6).fill(3);
    const file = legacy(p.dict(["w", tensor({ key: "0", type: "Float", count: 1e6 }, [1000, 1000], [1000, 1])]), [
      ["0", 1e6, data],
    ]);
    let read = 0;
    const source = {
      name: "lazy",
      size: file.length,
      read: async (start: number, end: number) => {
        read += end - start;
        return file.slice(start, end);
      },
    };
    const checkpoint = await openCheckpoint(source);
    expect(read).toBeLessThan(100_000);
    expect((await checkpoint.tensors.get("w")!.read())[999_999]).toBe(3);
  });

  it("an aligned float32 tensor in memory is a view, not a copy", async () => {
    const file = golden("progan-tiny.zip.pth");
    const weight = await (await openCheckpoint(file)).tensors.get("layer1.conv.weight")!.read();
    expect(weight.buffer).toBe(file.buffer);
  });
});

describe("truncated anywhere", () => {
  for (const file of ["legacy", "views", "zip", "half"]) {
    it(`${file} is refused with a typed error`, async () => {
      const whole = golden(`progan-tiny.${file}.pth`);
      const cuts = new Set([0, 1, 2, 3, 4, 13, 14, 15, 20, 21, 60, 135, 136, 137, whole.length - 1, whole.length - 22]);
      for (let cut = 0; cut < whole.length; cut += file === "half" ? 509 : 997) cuts.add(cut);
      for (let cut = 0; cut < 2500; cut += 17) cuts.add(cut);
      for (const cut of cuts) {
        const error = await failure(openCheckpoint(whole.slice(0, cut)));
        expect(error.code, `cut at ${cut}: ${error}`).toBe("weights-format");
        expect(error.fix).not.toBe("");
      }
    });
  }
});

describe("storages and layouts", () => {
  const values = [0, 1, -2, 3.5, 100, 7];
  const view = (array: ArrayBufferView) => array;
  const cases: [type: string, dtype: string, data: ArrayBufferView, wanted: number[]][] = [
    ["Float", "float32", view(Float32Array.from(values)), values],
    ["Double", "float64", view(Float64Array.from(values)), values],
    ["Half", "float16", view(encodeFloat16(Float32Array.from(values))), values],
    ["BFloat16", "bfloat16", view(encodeBfloat16(Float32Array.from(values))), values],
    ["Long", "int64", view(BigInt64Array.from([0n, 1n, -2n, 3n, -(2n ** 40n), 7n])), [0, 1, -2, 3, -(2 ** 40), 7]],
    ["Int", "int32", view(Int32Array.from([0, 1, -2, 3, -(2 ** 30), 7])), [0, 1, -2, 3, -(2 ** 30), 7]],
    ["Short", "int16", view(Int16Array.from([0, 1, -2, 3, -3000, 7])), [0, 1, -2, 3, -3000, 7]],
    ["Char", "int8", view(Int8Array.from([0, 1, -2, 3, -100, 7])), [0, 1, -2, 3, -100, 7]],
    ["Byte", "uint8", view(Uint8Array.from([0, 1, 2, 3, 200, 7])), [0, 1, 2, 3, 200, 7]],
    ["Bool", "bool", view(Uint8Array.from([0, 1, 1, 0, 2, 0])), [0, 1, 1, 0, 1, 0]],
  ];
  for (const [type, dtype, data, wanted] of cases) {
    it(`${type}Storage, legacy and zip, aligned or not, transposed, shared`, async () => {
      for (const pad of ["", "a", "ab", "abc"]) {
        const spec = { key: "0", type, count: 6 };
        const saved = p.dict(
          [`plain${pad}`, tensor(spec, [2, 3], [3, 1])],
          ["turned", tensor(spec, [3, 2], [1, 3])],
          [
            "tied",
            p.call(p.global("torch._utils", "_rebuild_parameter"), p.tuple(tensor(spec, [4], [1], 2), p.no, p.dict())),
          ],
          ["single", tensor(spec, [], [], 5)],
          ["one column", tensor(spec, [2, 1], [3, 77])],
          ["expanded", tensor(spec, [2, 2, 2], [0, 1, 0], 1)],
          ["none", tensor(spec, [0, 3], [3, 1])],
        );
        const raw = new Uint8Array(data.buffer);
        for (const file of [
          legacy(saved, [["0", 6, data]]),
          zip([
            { name: "m/data.pkl", data: p.whole(saved) },
            { name: `m/data/0`, data: raw },
          ]),
          zip(
            [
              { name: "data.pkl", data: p.whole(saved) },
              { name: "data/0", data: deflateRawSync(raw), method: 8, size: raw.length },
            ],
            { zip64: true, comment: "PK\x05\x06 in a comment is no end of the archive" },
          ),
        ]) {
          const { tensors } = await openCheckpoint(file);
          const read = async (name: string) => [...(await tensors.get(name)!.read())];
          const w = wanted as [number, number, number, number, number, number];
          expect(tensors.get("turned")!.dtype).toBe(dtype);
          expect(await read(`plain${pad}`)).toEqual(w);
          expect(await read("turned")).toEqual([w[0], w[3], w[1], w[4], w[2], w[5]]);
          expect(await read("tied")).toEqual(w.slice(2));
          expect(await read("single")).toEqual([w[5]]);
          expect(await read("one column")).toEqual([w[0], w[3]]);
          expect(await read("expanded")).toEqual([w[1], w[1], w[2], w[2], w[1], w[1], w[2], w[2]]);
          expect(await read("none")).toEqual([]);
        }
      }
    });
  }

  it("storage views of old PyTorch add their offset", async () => {
    const spec = { key: "0", type: "Float", count: 6 };
    const part = storage(spec, p.tuple(p.text("v"), p.int(2), p.int(4)));
    const file = legacy(p.dict(["w", tensor(part, [2], [1], 1)]), [["0", 6, Float32Array.from(values)]]);
    expect([...(await (await openCheckpoint(file)).tensors.get("w")!.read())]).toEqual([3.5, 100]);
    const outside = storage(spec, p.tuple(p.text("v"), p.int(2), p.int(5)));
    const error = await failure(
      openCheckpoint(legacy(p.dict(["w", tensor(outside, [2], [1])]), [["0", 6, Float32Array.from(values)]])),
    );
    expect(error.message).toMatch("outside storage");
  });
});

describe("what is saved around a state dict", () => {
  const data = Float32Array.from([1, 2]);
  const w = tensor({ key: "0", type: "Float", count: 2 }, [2], [1]);
  const open = (saved: Uint8Array) => openCheckpoint(legacy(saved, [["0", 2, data]]));

  it("state_dict wins, numbers and strings become attributes", async () => {
    const file = p.dict(
      ["epoch", p.int(3)],
      ["arch", p.text("g")],
      ["ema", w],
      ["state_dict", p.dict(["w", w])],
      ["hooks", p.none],
    );
    const { tensors, attributes } = await open(file);
    expect([...tensors.keys()]).toEqual(["w"]);
    expect(Object.fromEntries(attributes)).toEqual({ epoch: 3, arch: "g", hooks: null });
  });

  it("other dicts are flattened", async () => {
    const { tensors } = await open(p.dict(["first", p.dict(["a", w], ["b", p.dict(["c", w])])], ["latent", w]));
    expect([...tensors.keys()]).toEqual(["first.a", "first.b.c", "latent"]);
  });

  it("a small tuple that two names share is read at both, another container at one", async () => {
    const pair = bytes(p.tuple(p.int(1), p.int(2)), "q\x01");
    const inner = bytes(p.dict(["lr", p.int(3)]), "q\x02");
    const shared = p.dict(["w", w], ["stride", pair], ["padding", bytes("h\x01")], ["a", inner], ["b", bytes("h\x02")]);
    expect(Object.fromEntries((await open(shared)).attributes)).toEqual({
      "stride.0": 1,
      "stride.1": 2,
      "padding.0": 1,
      "padding.1": 2,
      "a.lr": 3,
    });
  });

  it("a lone tensor is called tensor", async () => {
    expect([...(await open(w)).tensors.keys()]).toEqual(["tensor"]);
  });

  it("an OrderedDict with _metadata is a dict", async () => {
    const ordered = p.call(p.global("collections", "OrderedDict"), bytes(")"));
    const file = bytes(ordered, p.text("w"), w, "s", p.dict(["_metadata", p.dict()]), "b");
    expect([...(await open(file)).tensors.keys()]).toEqual(["w"]);
  });

  it("no tensors at all: says which keys there are", async () => {
    const error = await failure(openCheckpoint(legacy(p.dict(["lr", p.int(1)]))));
    expect(error.code).toBe("weights-format");
    expect(error.message).toMatch('holds no tensors (top-level keys: "lr")');
  });

  it("keys named like Object.prototype's are only names", async () => {
    const { tensors, attributes } = await open(
      p.dict(
        ["__proto__", p.text("polluted")],
        ["constructor", w],
        ["state_dict", p.dict(["__proto__", w], ["toString", w])],
      ),
    );
    expect([...tensors.keys()]).toEqual(["__proto__", "toString"]);
    expect([...attributes.keys()]).toEqual(["__proto__"]);
    expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
  });
});

it("of tensors that are spread over a storage one is read at a time, as each reads all between", async () => {
  const spec = { key: "0", type: "Float", count: 1000 };
  const of = (name: string, stride: number): [string, Uint8Array] => [name, tensor(spec, [4], [stride])];
  const file = zip([
    { name: "m/data.pkl", data: p.whole(p.dict(...["a", "b", "c"].map((name) => of(name, 300)), of("close", 1))) },
    { name: "m/data/0", data: new Uint8Array(4 * spec.count) },
  ]);
  let [reading, most, fails] = [0, 0, false];
  const source = {
    ...{ name: "spread.pth", size: file.length },
    async read(start: number, end: number) {
      if (end - start < 2000) return file.slice(start, end);
      reading += 1;
      most = Math.max(most, reading);
      await new Promise((resolve) => setTimeout(resolve));
      reading -= 1;
      if (fails) throw new Error("a torn cable");
      return file.slice(start, end);
    },
  };
  const { tensors } = await openCheckpoint(source);
  const spread = ["a", "b", "c"].map((name) => tensors.get(name)!);
  [reading, most] = [0, 0];
  expect(await Promise.all(spread.map((one) => one.read()))).toEqual(Array(3).fill(new Float32Array(4)));
  expect(most).toBe(1);
  fails = true;
  expect((await Promise.allSettled(spread.map((one) => one.read()))).map(({ status }) => status)).toEqual(
    Array(3).fill("rejected"),
  );
  fails = false;
  expect(await Promise.all([...tensors.values()].map((one) => one.readDoubles!()))).toHaveLength(4);

  // A download that has stopped holds up nobody else's.
  const other = (await openCheckpoint({ ...source, name: "other.pth" })).tensors.get("a")!;
  let [goOn, stalls] = [(): void => {}, false];
  const stalled = new Promise<void>((resolve) => {
    goOn = resolve;
  });
  const slow = await openCheckpoint({
    ...source,
    read: async (start: number, end: number) => {
      if (stalls && end - start >= 2000) await stalled;
      return file.slice(start, end);
    },
  });
  stalls = true;
  const held = Promise.all(["a", "b"].map((name) => slow.tensors.get(name)!.read()));
  expect(await other.read()).toEqual(new Float32Array(4));
  goOn();
  expect(await held).toHaveLength(2);
});
