import { describe, expect, it } from "vitest";
import { openCheckpoint } from "../../src/weights/checkpoint.ts";
import { PLAIN, unpickle } from "../../src/weights/pickle.ts";
import { bytes, failure, le, legacy, p, storage, tensor, zip } from "./fixtures.ts";

const FOUR = { key: "0", type: "Float", count: 4 };
const DATA = new Float32Array(4);
const open = (saved: Uint8Array) => openCheckpoint(legacy(saved, [["0", 4, DATA]]));
const openZipped = (saved: Uint8Array) =>
  openCheckpoint(
    zip([
      { name: "m/data.pkl", data: p.whole(saved) },
      { name: "m/data/0", data: new Uint8Array(16) },
    ]),
  );

describe("pickles that want to run code", () => {
  const system = p.global("os", "system");
  const cases: [string, Uint8Array, RegExp][] = [
    ["os.system", p.call(system, p.tuple(p.text("id"))), /os\.system/],
    ["builtins.eval", p.call(p.global("builtins", "eval"), p.tuple(p.text("1"))), /builtins\.eval/],
    ["STACK_GLOBAL", bytes(p.text("posix"), p.text("system"), 0x93), /posix\.system/],
    ["a dotted way round", p.global("torch", "_utils.os.system"), /torch\._utils\.os\.system/],
    ["a name of Object.prototype", p.global("constructor", "constructor"), /constructor\.constructor/],
    ["NEWOBJ", bytes(p.global("subprocess", "Popen"), p.tuple(), 0x81), /subprocess\.Popen/],
    ["INST", bytes("(i", "os\nsystem\n"), /os\.system/],
    ["OBJ", bytes("(", system, p.text("id"), "o"), /os\.system/],
    ["EXT1", bytes(0x82, 1), /opcode 0x82/],
    ["NEWOBJ_EX", bytes(system, p.tuple(), p.dict(), 0x92), /os\.system/],
    ["a call of what was not called", p.call(p.call(system, p.tuple(p.text("id"))), p.tuple()), /os\.system/],
  ];
  for (const [name, saved, message] of cases) {
    it(`${name} is refused and named`, async () => {
      for (const attempt of [(saved: Uint8Array) => openCheckpoint(legacy(saved)), openZipped]) {
        const error = await failure(attempt(saved));
        expect(error.code).toBe("weights-unsafe");
        expect(error.message).toMatch(message);
        expect(error.fix).toMatch("state_dict");
      }
    });
  }

  it("what no tensor needs is never run, and stands in nobody's way", async () => {
    const run = p.call(system, p.tuple(p.text("id")));
    const saved = p.dict(["w", tensor(FOUR, [4], [1])], ["f", system], ["run", run], ["deep", p.list(run, run)]);
    for (const attempt of [open, openZipped]) expect([...(await attempt(saved)).tensors.keys()]).toEqual(["w"]);
  });

  it("a tensor that something else would make is refused by whoever needs it", async () => {
    const own = p.call(p.global("my.code", "rebuild"), p.tuple(tensor(FOUR, [4], [1])));
    const { tensors } = await open(p.dict(["w", tensor(FOUR, [4], [1])], ["b", own]));
    expect((await tensors.get("w")!.read()).length).toBe(4);
    expect(() => tensors.get("b")!.shape).toThrow(/"b" is made by my\.code\.rebuild.*state_dict/);
    const error = await failure(tensors.get("b")!.read());
    expect(error.code).toBe("weights-unsafe");
  });

  it("globals and persistent ids are refused where only plain values belong", () => {
    expect(() => unpickle(p.whole(p.global("collections", "OrderedDict")), PLAIN)).toThrow(/collections\.OrderedDict/);
    expect(() => unpickle(p.whole(bytes(p.text("x"), "Q")), PLAIN)).toThrow(/persistent id/);
  });
});

describe("pickles that want memory or the stack", () => {
  it("a string that claims 4 GiB, and one that claims 2⁶³ bytes", async () => {
    for (const claim of [bytes("X", le(0xffffffff, 4)), bytes(0x8d, le(0, 4), le(2 ** 30, 4))]) {
      expect((await failure(open(claim))).code).toBe("weights-format");
    }
  });

  it("an integer of a megabyte is not decoded", async () => {
    const error = await failure(open(bytes(0x8b, le(1e6, 4), new Uint8Array(1e6))));
    expect(error.message).toMatch("integer of 1000000 bytes");
  });

  it("lists nested 200,000 deep, as what is saved and as what a tensor is made of", async () => {
    const deep = bytes(new Uint8Array(2e5).fill(0x5d), new Uint8Array(2e5 - 1).fill(0x61));
    for (const attempt of [open, openZipped]) {
      const error = await failure(attempt(deep));
      expect([error.code, error.message]).toEqual([
        "weights-format",
        expect.stringMatching(/lists and dicts|no tensors|no description/),
      ]);
    }
  });

  it("dicts nested and shared so that there are 2⁶⁰ paths, and one that holds itself", async () => {
    // Level n is a dict that holds level n − 1 twice, through the memo.
    let level = p.dict(["w", tensor(FOUR, [4], [1])]);
    for (let i = 0; i < 60; i++) level = bytes("}(", p.text("a"), level, "q", i, p.text("b"), "h", i, "u");
    const bomb = await failure(open(level));
    expect(bomb.message).toMatch("no tensors");
    const itself = bytes("}q\x00(", p.text("self"), "h\x00", p.text("w"), tensor(FOUR, [4], [1]), "u");
    expect([...(await open(itself)).tensors.keys()]).toEqual(["w"]);
  });

  it("a memo index of 2³² − 1 costs one entry", async () => {
    const saved = bytes(p.dict(["w", tensor(FOUR, [4], [1])]), "r", le(0xffffffff, 4));
    expect((await open(saved)).tensors.size).toBe(1);
  });
});

describe("pickles that are broken", () => {
  const cases: [string, Uint8Array][] = [
    ["pop from nothing", bytes("0")],
    ["a call of a string", p.call(p.text("eval"), p.tuple())],
    ["pop through a mark", bytes("N(0N")],
    ["no mark", bytes("t")],
    ["a memo never set", bytes("h\x05")],
    ["a dict with half an item", bytes("}(", p.text("a"), "u")],
    ["append to a dict", bytes("}Na")],
    ["set items of a list", bytes("]", p.text("a"), "Ns")],
    ["add to a list", bytes("](N", 0x90)],
    ["attributes of a list", bytes("]}b")],
    ["arguments that are no tuple", bytes(p.global("collections", "OrderedDict"), "NR")],
    ["an OrderedDict from numbers", p.call(p.global("collections", "OrderedDict"), p.tuple(p.int(3)))],
    ["protocol 9", bytes(0x80, 9)],
    ["a name that does not end", bytes("c", "a".repeat(600))],
    [
      "a tensor without a storage",
      p.call(p.global("torch._utils", "_rebuild_tensor"), p.tuple(p.none, p.int(0), p.tuple(), p.tuple())),
    ],
    ["a tensor without arguments", p.call(p.global("torch._utils", "_rebuild_tensor_v2"), p.tuple())],
    ["a persistent id of another kind", bytes(p.tuple(p.text("module")), "Q")],
    [
      "a storage without a class",
      bytes(p.tuple(p.text("storage"), p.text("Float"), p.text("0"), p.text("cpu"), p.int(4)), "Q"),
    ],
    ["a storage of −1 elements", storage({ ...FOUR, count: -1 })],
    ["a storage of 2⁶⁰ elements", storage({ ...FOUR, count: 2 ** 60 })],
    ["one storage described in two ways", p.list(storage(FOUR), storage({ ...FOUR, count: 3 }))],
  ];
  for (const [name, saved] of cases) {
    it(name, async () => {
      for (const attempt of [open, openZipped]) {
        const error = await failure(attempt(saved));
        expect(error.code, String(error)).toBe("weights-format");
        expect(error.message).toMatch(/damaged|truncated/);
      }
    });
  }
});

describe("tensors outside their storage", () => {
  const cases: [string, number[], number[], number?][] = [
    ["too many elements", [5], [1]],
    ["an offset past the end", [1], [1], 4],
    ["a stride past the end", [2, 2], [3, 1]],
    ["a negative stride", [2], [-1], 1],
    ["a negative offset", [2], [1], -1],
    ["a negative size", [-2], [1]],
    ["a stride that overflows", [2, 2], [2 ** 62, 2 ** 62]],
    ["a shape that overflows", [2 ** 40, 2 ** 40], [0, 0]],
    ["elements repeated to a petabyte", [2 ** 24, 2 ** 24], [0, 0]],
    ["more sizes than strides", [2, 2], [1]],
    ["65 dimensions", new Array(65).fill(1), new Array(65).fill(1)],
  ];
  for (const [name, shape, strides, offset = 0] of cases) {
    it(name, async () => {
      for (const attempt of [open, openZipped]) {
        const error = await failure(attempt(p.dict(["w", tensor(FOUR, shape, strides, offset)])));
        expect(error.code, String(error)).toBe("weights-shape");
        expect(error.message).toMatch('Tensor "w"');
      }
    });
  }
});

describe("legacy files whose parts disagree", () => {
  const saved = p.dict(["w", tensor(FOUR, [4], [1])]);

  it("a storage's own count", async () => {
    const { tensors } = await openCheckpoint(legacy(saved, [["0", 5, DATA]]));
    const error = await failure(tensors.get("w")!.read());
    expect(error.message).toMatch('storage "0" has 5 elements where 4 are expected');
  });

  it("a storage that is missing, unknown, or listed twice", async () => {
    expect((await failure(openCheckpoint(legacy(saved, [])))).message).toMatch('storage "0" of tensor "w" is missing');
    const unknown = legacy(saved, [
      ["0", 4, DATA],
      ["1", 4, DATA],
    ]);
    expect((await failure(openCheckpoint(unknown))).message).toMatch('storage "1" has no description');
    const twice = legacy(saved, [
      ["0", 4, DATA],
      ["0", 4, DATA],
    ]);
    expect((await failure(openCheckpoint(twice))).message).toMatch("listed twice");
  });

  it("another version, no system, another pickle", async () => {
    const magic = p.whole(p.long(0x1950a86a20f9469cfc6cn));
    const version = p.whole(p.int(1001));
    expect((await failure(openCheckpoint(bytes(magic, version, p.whole(p.int(3)))))).message).toMatch("what system");
    const seven = bytes(magic, p.whole(p.int(7)), p.whole(p.dict()));
    expect((await failure(openCheckpoint(seven))).message).toMatch("version of its format is 7");
    expect((await failure(openCheckpoint(p.whole(p.dict())))).message).toMatch("holds no tensors (it is a dict of 0)");
  });

  it("a zip whose storage has another size, or whose byte order is none", async () => {
    const files = [{ name: "m/data.pkl", data: p.whole(saved) }];
    const short = zip([...files, { name: "m/data/0", data: new Uint8Array(15) }]);
    expect((await failure(openCheckpoint(short))).message).toMatch('storage "0" has 15 bytes');
    const other = zip([...files, { name: "m/byteorder", data: bytes("middle") }]);
    expect((await failure(openCheckpoint(other))).message).toMatch('byte order is "middle"');
    expect((await failure(openCheckpoint(zip(files)))).message).toMatch("is missing");
  });
});
