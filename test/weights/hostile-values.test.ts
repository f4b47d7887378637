// Values of pickles that hang or break whoever walks or prints them, wherever a plain one belongs.
import { deflateRawSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { GanatomyError } from "../../src/errors.ts";
import { openCheckpoint } from "../../src/weights/checkpoint.ts";
import { RandomState } from "../../src/weights/random.ts";
import type { Checkpoint } from "../../src/weights/tensor.ts";
import { bytes, golden, legacy, p, storage, tensor, zip } from "./fixtures.ts";

const FOUR = { key: "0", type: "Float", count: 4 };
const DATA = new Float32Array(4);
const MAGIC = p.whole(p.long(0x1950a86a20f9469cfc6cn));
const SYSTEM = p.whole(p.dict(["little_endian", bytes(0x88)]));

/** A list that holds another one twice, and so on: 2³⁰ paths in a few hundred bytes. */
const bomb = Array.from({ length: 30 }).reduce<Uint8Array>(
  (inner, _, i) => bytes("](", inner, "q", i, "h", i, "e"),
  bytes("]"),
);
/** The same of dicts and of tuples. */
const dicts = Array.from({ length: 30 }).reduce<Uint8Array>(
  (inner, _, i) => bytes("}(", p.text("a"), inner, "q", i, p.text("b"), "h", i, "u"),
  bytes("}"),
);
const tuples = Array.from({ length: 30 }).reduce<Uint8Array>(
  (inner, _, i) => bytes(inner, "q", i, "h", i, 0x86),
  bytes(")"),
);
const deep = bytes(new Uint8Array(2e5).fill(0x5d), new Uint8Array(2e5 - 1).fill(0x61));
const object = p.call(p.global("some", "Thing"), p.tuple());
const values: Readonly<Record<string, Uint8Array>> = {
  bomb,
  dicts,
  tuples,
  deep,
  object,
  none: p.none,
  huge: bytes(0x8a, 200, new Uint8Array(200).fill(0x7f)),
  infinite: bytes("G", 0x7f, 0xf0, new Uint8Array(6)),
  long: p.text("x".repeat(90_000)),
};

/** Places in files where something else belongs. */
const W = tensor(FOUR, [4], [1]);
const rebuilt = (...args: Uint8Array[]) => p.call(p.global("torch._utils", "_rebuild_tensor_v2"), p.tuple(...args));
const stored = (...id: Uint8Array[]) => bytes(p.tuple(p.text("storage"), ...id), "Q");
const FLOATS = p.global("torch", "FloatStorage");
const numpy = (type: Uint8Array, state: Uint8Array) =>
  bytes(
    p.call(p.global("numpy.core.multiarray", "_reconstruct"), p.tuple(p.global("numpy", "ndarray"))),
    p.tuple(p.int(1), state, type, p.no, bytes("C", 4, new Uint8Array(4))),
    "b",
  );
const dtype = (code: Uint8Array) => p.call(p.global("numpy", "dtype"), p.tuple(code));
const network = (state: [string, Uint8Array][]) =>
  bytes(p.call(p.global("dnnlib.tflib.network", "Network"), p.tuple()), p.dict(...state), "b");
const saved: Readonly<Record<string, (value: Uint8Array) => Uint8Array>> = {
  "all of it": (value) => value,
  "the value of a name": (value) => p.dict(["w", value]),
  "beside a tensor": (value) => p.dict(["w", W], ["other", value]),
  "a name": (value) => bytes("}(", value, W, "u"),
  "an entry's name": (value) => bytes("}(", value, p.dict(["w", W]), "u"),
  "a shape": (value) => p.dict(["w", rebuilt(storage(FOUR), p.int(0), value, p.tuple(p.int(1)))]),
  "a size": (value) => p.dict(["w", rebuilt(storage(FOUR), p.int(0), p.tuple(value), p.tuple(p.int(1)))]),
  "a stride": (value) => p.dict(["w", rebuilt(storage(FOUR), p.int(0), p.tuple(p.int(1)), p.tuple(value))]),
  "an offset": (value) => p.dict(["w", rebuilt(storage(FOUR), value, p.tuple(p.int(1)), p.tuple(p.int(1)))]),
  "a storage": (value) => p.dict(["w", rebuilt(value, p.int(0), p.tuple(), p.tuple())]),
  "a persistent id": (value) => p.dict(["w", bytes(value, "Q")]),
  "a kind of persistent id": (value) => p.dict(["w", bytes(p.tuple(value, FLOATS), "Q")]),
  "a storage's type": (value) => p.dict(["w", stored(value, p.text("0"), p.text("cpu"), p.int(4))]),
  "a storage's key": (value) => p.dict(["w", stored(FLOATS, value, p.text("cpu"), p.int(4))]),
  "a storage's place": (value) => p.dict(["w", stored(FLOATS, p.text("0"), value, p.int(4))]),
  "a storage's size": (value) => p.dict(["w", stored(FLOATS, p.text("0"), p.text("cpu"), value)]),
  "a storage's view": (value) => p.dict(["w", storage(FOUR, value)]),
  "a view's size": (value) => p.dict(["w", storage(FOUR, p.tuple(p.text("v"), p.int(0), value))]),
  "a module's name": (value) => p.dict(["w", W], ["g", bytes(value, p.text("system"), 0x93)]),
  "a global's name": (value) => p.dict(["w", W], ["g", bytes(p.text("os"), value, 0x93)]),
  "what is called": (value) => p.call(value, p.tuple()),
  arguments: (value) => p.call(p.global("os", "system"), value),
  "an argument": (value) => p.call(p.global("os", "system"), p.tuple(value)),
  pairs: (value) => p.call(p.global("collections", "OrderedDict"), p.tuple(value)),
  "a set": (value) => p.call(p.global("builtins", "set"), p.tuple(value)),
  "a state": (value) => bytes(object, value, "b"),
  "a nested file": (value) => p.dict(["w", p.call(p.global("torch.storage", "_load_from_bytes"), p.tuple(value))]),
  "a persistent object": (value) =>
    p.call(p.global("torch_utils.persistence", "_reconstruct_persistent_obj"), p.tuple(value)),
  "a class's name": (value) =>
    p.call(
      p.global("torch_utils.persistence", "_reconstruct_persistent_obj"),
      p.tuple(p.dict(["class_name", value], ["state", p.dict(["_parameters", p.dict(["w", W])])])),
    ),
  parameters: (value) => bytes(object, p.dict(["_parameters", value], ["_modules", p.dict(["m", W])]), "b"),
  "a module": (value) =>
    bytes(object, p.dict(["_parameters", p.dict(["w", W])], ["_modules", p.dict(["m", value])]), "b"),
  "an array's shape": (value) => p.dict(["w", numpy(dtype(p.text("f4")), value)]),
  "an array's type": (value) => p.dict(["w", numpy(value, p.tuple(p.int(1)))]),
  "a type's code": (value) => p.dict(["w", numpy(dtype(value), p.tuple(p.int(1)))]),
  "a type's order": (value) =>
    p.dict(["w", numpy(bytes(dtype(p.text("f4")), p.tuple(p.int(3), value), "b"), p.tuple(p.int(1)))]),
  "bytes' text": (value) => p.call(p.global("_codecs", "encode"), p.tuple(value, p.text("latin1"))),
  "bytes' encoding": (value) => p.call(p.global("_codecs", "encode"), p.tuple(p.text("x"), value)),
  "a scalar": (value) => p.call(p.global("numpy.core.multiarray", "scalar"), p.tuple(dtype(p.text("f4")), value)),
  variables: (value) => network([["variables", value]]),
  "a variable": (value) => network([["variables", p.list(value, p.tuple(p.text("w"), W))]]),
  "a variable's name": (value) => network([["variables", p.list(p.tuple(value, W))]]),
  "a network's name": (value) =>
    p.tuple(
      ...[1, 2, 3].map(() =>
        network([
          ["name", value],
          ["variables", p.list(p.tuple(p.text("w"), W))],
        ]),
      ),
    ),
  components: (value) =>
    network([
      ["components", value],
      ["variables", p.list(p.tuple(p.text("w"), W))],
    ]),
};
/** Places before and behind what is saved, in legacy files. */
const around: Readonly<Record<string, (value: Uint8Array) => Uint8Array>> = {
  "the version": (value) => bytes(MAGIC, p.whole(value), SYSTEM),
  "the system": (value) => bytes(MAGIC, p.whole(p.int(1001)), p.whole(value)),
  "the keys": (value) => bytes(MAGIC, p.whole(p.int(1001)), SYSTEM, p.whole(p.dict(["w", W])), p.whole(value)),
  "a key": (value) => bytes(MAGIC, p.whole(p.int(1001)), SYSTEM, p.whole(p.dict(["w", W])), p.whole(p.list(value))),
};

/** Opens a file and prints all that one asks of it; its error must be ours, typed and printable. */
async function endures(file: Uint8Array): Promise<void> {
  let found: Checkpoint | undefined;
  try {
    found = await openCheckpoint(file);
    for (const tensor of found.tensors.values()) await tensor.read();
    expect([...found.tensors.keys(), ...found.all.keys(), ...found.entries].every((name) => name.length < 1000)).toBe(
      true,
    );
    expect([...found.attributes].every(([, value]) => typeof value !== "object" || value === null)).toBe(true);
  } catch (error) {
    expect(error, String(error)).toBeInstanceOf(GanatomyError);
    expect(String(error)).not.toMatch(/\[object|undefined|NaN elements/);
    expect(String(error).length).toBeLessThan(700);
  }
}

describe.each(Object.entries(values))("%s", (_, value) => {
  it.each(Object.entries(saved))(
    "as %s",
    async (_, place) => {
      await endures(legacy(place(value), [["0", 4, DATA]]));
      await endures(legacy(place(value)));
      await endures(p.whole(place(value)));
      await endures(
        zip([
          { name: "m/data.pkl", data: p.whole(place(value)) },
          { name: "m/data/0", data: new Uint8Array(16) },
        ]),
      );
    },
    20_000, // what hangs takes longer anywhere, what does not takes less on a busy machine
  );

  it.each(Object.entries(around))("as %s", async (_, place) => endures(place(value)), 20_000);
});

describe("small files that want much", () => {
  const packed = (data: Uint8Array) =>
    zip([{ name: "m/data.pkl", data: deflateRawSync(data), method: 8, size: data.length }]);

  it("20 kB of deflated empty dicts, lists, Nones and names", async () => {
    for (const opcodes of [
      "}",
      "]",
      "N",
      "N0",
      "cos\nsystem\n",
      "cos\nsystem\n)\x81",
      "X\x01\0\0\0a",
      "X\x01\0\0\0aq\x01",
    ]) {
      for (const size of [2e6, 20e6]) {
        const pickle = Buffer.alloc(size, opcodes, "latin1");
        const file = packed(pickle);
        expect(file.length, opcodes).toBeLessThan(120_000);
        const before = process.memoryUsage().heapUsed;
        await endures(file);
        await endures(p.whole(pickle.subarray(0, 1e6)));
        expect(process.memoryUsage().heapUsed - before, opcodes).toBeLessThan(150e6);
      }
    }
  }, 30_000);

  it("a dict that is copied a million times, and one whose items are", async () => {
    const pairs = p.list(...Array.from({ length: 1000 }, (_, i) => p.tuple(p.int(i), p.none)));
    const ordered = p.global("collections", "OrderedDict");
    const copies = bytes(ordered, "q\x01", pairs, "q\x02", "0", "h\x01h\x02\x85R".repeat(1e6));
    await endures(p.whole(copies));
    const thing = bytes(p.global("some", "thing"), "q\x01", p.tuple(...new Array(1000).fill(p.none)), "q\x02", "0");
    await endures(p.whole(bytes(thing, "h\x01h\x02R".repeat(1e5), "h\x02R".repeat(1e5))));
  }, 10_000);

  it("a thousand entries that share what holds nothing, and end in a tensor", async () => {
    const barren = bytes("](", Buffer.alloc(40_000, "}"), "eq\x01", "0");
    const entries = Array.from({ length: 1000 }, (_, i): [string, Uint8Array] => [`e${i}`, p.list(W, bytes("h\x01"))]);
    await endures(legacy(bytes(barren, p.dict(...entries)), [["0", 4, DATA]]));
  }, 5000);

  it("tensors under names that grow", async () => {
    const name = "n".repeat(200);
    const leaf = p.dict(...Array.from({ length: 5000 }, (_, i): [string, Uint8Array] => [`w${i}`, bytes("h\x01")]));
    let nested = leaf;
    for (let i = 0; i < 40; i++) nested = p.dict([name, nested]);
    await endures(legacy(bytes(W, "q\x01", "0", nested), [["0", 4, DATA]]));
  }, 5000);
});

describe("published containers, damaged", () => {
  const files = [
    "generators/stylegan2-orig-ada.pkl",
    "generators/stylegan2-skip-ada-protocol3.pkl",
    "generators/pgan-labels-tf.pkl",
    "generators/pgan-fused-ganzoo.pth",
    "pickles/sequential.pth",
    "pickles/sequential-legacy.pth",
    "pickles/script.pt",
    "pickles/numpy-2.pkl",
    "pickles/numpy-5.pkl",
  ];
  it.each(files)(
    "%s: bytes that changed, and ends that are missing",
    async (name) => {
      const whole = golden(name);
      const random = new RandomState(7);
      for (let round = 0; round < 60; round++) {
        const file = whole.slice();
        // where the pickle is dense: at its beginning, and at its end
        const places = random.standardNormal(3).map((x) => Math.floor(Math.abs(x) * 1500) % file.length);
        for (const place of places)
          file[round % 2 === 0 ? place : file.length - 1 - place] = (place * 31 + round) & 255;
        await endures(file);
        await endures(whole.slice(0, Math.floor((round / 60) * whole.length)));
      }
    },
    30_000,
  );
});
