import { describe, expect, it } from "vitest";
import { openCheckpoint } from "../../src/weights/checkpoint.ts";
import { type SafetensorsInput, writeSafetensors } from "../../src/weights/safetensors.ts";
import { bytes, failure, le, legacy, p, tensor, zip } from "./fixtures.ts";

const DATA = Float32Array.from([1, 2]);
const W = tensor({ key: "0", type: "Float", count: 2 }, [2], [1]);
const dict = (...names: string[]) => p.dict(...names.map((name): [string, Uint8Array] => [name, W]));
const open = (saved: Uint8Array, key?: string) => openCheckpoint(legacy(saved, [["0", 2, DATA]]), { key });

describe("which part of a training checkpoint is taken", () => {
  const z = p.dict(["z", W]);
  const cases: [string, Uint8Array, string | undefined, string[]][] = [
    ["g_running", p.dict(["g_running", dict("w")], ["d", z]), "g_running", ["w"]],
    ["netG beside netD", p.dict(["netD", z], ["netG", dict("w")]), "netG", ["w"]],
    ["an average before the last step's", p.dict(["g", z], ["g_ema", dict("w")], ["d", z]), "g_ema", ["w"]],
    ["generator beside discriminator", p.dict(["generator", dict("w")], ["discriminator", z]), "generator", ["w"]],
    [
      "model_state_dict",
      p.dict(["model_state_dict", dict("w")], ["step", p.int(7)], ["optim", z]),
      "model_state_dict",
      ["w"],
    ],
    ["a dict in a dict", p.dict(["state_dict", p.dict(["netG", dict("w")], ["netD", z])]), "state_dict.netG", ["w"]],
    [
      "Lightning",
      p.dict(["state_dict", p.dict(["generator.w", W], ["discriminator.z", W])]),
      "state_dict.generator",
      ["w"],
    ],
    ["lucidrains' averages", p.dict(["GAN", p.dict(["GE.w", W], ["G.w", W], ["D.w", W])]), "GAN.GE", ["w"]],
    [
      "lucidrains' averages with a mapping",
      p.dict(["GAN", p.dict(["S.w", W], ["G.w", W], ["SE.w", W], ["GE.w", W], ["D.w", W])]),
      "GAN.GE",
      ["SE.w", "GE.w"],
    ],
    [
      "names before averages that are a bare list, as torch-ema's",
      p.dict(["ema", p.dict(["shadow_params", p.list(W)])], ["G", dict("w")]),
      "G",
      ["w"],
    ],
    [
      "a bare list where there is nothing else",
      p.dict(["ema", p.dict(["shadow_params", p.list(W)])]),
      "ema.shadow_params",
      ["0"],
    ],
    ["names with underscores", p.dict(["net_D", z], ["net_G", dict("w")]), "net_G", ["w"]],
    ["names with what they are", p.dict(["D_state", z], ["G_state", dict("w")], ["opt", z]), "G_state", ["w"]],
    ["an average of a model", p.dict(["netD", z], ["ema_model", dict("w")], ["model", z]), "ema_model", ["w"]],
    [
      "a generator beside a judge in one dict",
      p.dict(["state_dict", p.dict(["net_G.w", W], ["net_D.z", W])]),
      "state_dict.net_G",
      ["w"],
    ],
    ["the only one", p.dict(["weights", dict("w")], ["epoch", p.int(3)]), "weights", ["w"]],
    ["a part of a network is none", p.dict(["encoder", dict("w")]), undefined, ["encoder.w"]],
    ["unknown ones stay together", p.dict(["one", dict("w")], ["two", dict("w")]), undefined, ["one.w", "two.w"]],
    ["what may belong to it stays", dict("generator.w", "embeddings.w"), undefined, ["generator.w", "embeddings.w"]],
  ];
  for (const [name, saved, entry, names] of cases) {
    it(name, async () => {
      const checkpoint = await open(saved);
      expect([checkpoint.entry, [...checkpoint.tensors.keys()]]).toEqual([entry, names]);
    });
  }
});

it("takes a part of a tuple by its number", async () => {
  const checkpoint = await open(p.tuple(dict("w"), dict("v")), 1 as unknown as string);
  expect([checkpoint.entry, [...checkpoint.tensors.keys()]]).toEqual(["1", ["v"]]);
});

describe("names without what wrappers put into them", () => {
  const cases: [string, string[], string[]][] = [
    ["DataParallel", ["module.a.w", "module.b.w"], ["a.w", "b.w"]],
    ["torch.compile", ["_orig_mod.a.w", "_orig_mod.b.w"], ["a.w", "b.w"]],
    ["both", ["module._orig_mod.a.w", "module._orig_mod.b.w"], ["a.w", "b.w"]],
    [
      "within",
      ["encoder.module.a.w", "encoder.module.b.w", "decoder._orig_mod.a.w"],
      ["encoder.a.w", "encoder.b.w", "decoder.a.w"],
    ],
    ["two prefixes are a file of something else", ["module.a.w", "other.a.w"], ["module.a.w", "other.a.w"]],
    ["GAN zoo's layers hold a module", ["formatLayer.module.weight"], ["formatLayer.module.weight"]],
    ["names that would meet", ["_orig_mod.w", "w"], ["_orig_mod.w", "w"]],
  ];
  for (const [name, names, wanted] of cases) {
    it(name, async () => {
      const checkpoint = await open(dict(...names));
      expect([...checkpoint.tensors.keys()]).toEqual(wanted);
      expect([...checkpoint.all.keys()]).toEqual(names);
    });
  }
});

describe("a part that is asked for", () => {
  const saved = p.dict(["state_dict", dict("netG.w", "netD.w", "fid.w")], ["ema", dict("a")]);

  it("by its entry, and by a prefix within one", async () => {
    expect([...(await open(saved, "ema")).tensors.keys()]).toEqual(["a"]);
    const judge = await open(saved, "state_dict.netD");
    expect([judge.entry, [...judge.tensors.keys()]]).toEqual(["state_dict.netD", ["w"]]);
  });

  it("that is not there: says what is", async () => {
    for (const key of ["netg", "state_dict.netg"]) {
      const error = await failure(open(saved, key));
      expect(error.code, key).toBe("usage");
      expect(error.message).toMatch(/There is no entry "netg".*It has/);
    }
  });
});

describe("files that know names only", () => {
  const tensors = (...names: string[]): Record<string, SafetensorsInput> =>
    Object.fromEntries(names.map((name) => [name, { dtype: "float32", shape: [2], data: DATA }]));
  const named = async (file: Uint8Array, key?: string) => {
    const { tensors, entry, entries } = await openCheckpoint(file, { key });
    return [entry, [...tensors.keys()], entries];
  };

  it("safetensors: prefixes are taken off alike, and can be asked for", async () => {
    expect(await named(writeSafetensors(tensors("module.w", "module.b")))).toEqual([undefined, ["b", "w"], []]);
    const both = writeSafetensors(tensors("netG.module.w", "netD.module.w"));
    expect(await named(both)).toEqual(["netG", ["w"], ["netD"]]);
    expect(await named(both, "netD")).toEqual(["netD", ["w"], ["netG"]]);
    expect((await failure(openCheckpoint(both, { key: "netX" }))).message).toMatch('It has "netD", "netG"');
    expect(await named(writeSafetensors(tensors("GAN.GE.w", "GAN.D.w")))).toEqual(["GAN.GE", ["w"], []]);
    expect(await named(writeSafetensors(tensors("gen.0.w", "gen.1.w")))).toEqual([
      undefined,
      ["gen.0.w", "gen.1.w"],
      [],
    ]);
  });

  it("npz", async () => {
    const header = "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }".padEnd(117).concat("\n");
    const data = bytes(0x93, "NUMPY", 1, 0, le(header.length, 2), header, new Uint8Array(8));
    const file = zip(["module.w", "module.b"].map((name) => ({ name: `${name}.npy`, data })));
    expect(await named(file)).toEqual([undefined, ["w", "b"], []]);
  });
});

it("names longer than any network's are left as they are, and not looked at beginning by beginning", async () => {
  const data = Float32Array.of(1);
  const long = `module.${"a.".repeat(100_000)}module.w`;
  const file = writeSafetensors({
    [long]: { dtype: "float32", shape: [1], data },
    "module.w": { dtype: "float32", shape: [1], data },
  });
  expect([...(await openCheckpoint(file)).tensors.keys()]).toEqual([long, "w"]);
});
