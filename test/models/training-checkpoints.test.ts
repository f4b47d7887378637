// What people have after training: their generator among other things, and under names that
// wrappers lengthened (cases of the project: training-checkpoint, dataparallel-prefix).
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Device, Generator, openCheckpoint } from "../../src/index.ts";
import { openParts } from "../../src/models/segmenter-files.ts";
import { contiguousStrides } from "../../src/weights/layout.ts";
import { requestDevice } from "../gpu.ts";
import { failure, legacy, p, tensor, zip } from "../weights/fixtures.ts";

const TINY = readFileSync(new URL("../golden/progan-tiny.zip.pth", import.meta.url));

interface Saved {
  readonly name: string;
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

let device: Device;
let plain: Saved[];
/** The weights of the last step, not of the average: another image. */
let raw: Saved[];
let image: Float32Array;
beforeAll(async () => {
  device = await requestDevice();
  const read = [...(await openCheckpoint(TINY)).tensors.values()].map(async (each) => ({
    name: each.name,
    shape: each.shape,
    data: await each.read(),
  }));
  plain = await Promise.all(read);
  raw = plain.map((each) => ({ ...each, data: each.data.map((value) => 0.9 * value) }));
  image = await drawn(TINY);
});
afterAll(() => device.dispose());

/** The image that a file's generator makes. */
async function drawn(file: Uint8Array, key?: string): Promise<Float32Array> {
  using generator = await Generator.load(file, { device, key });
  using run = await generator.forward(generator.sample({ size: 1, seed: 1 }));
  return run.image.read();
}

/** Dicts of tensors as torch.save writes them, in both containers. */
function saved(tree: (dict: (tensors: readonly Saved[], prefix?: string) => Uint8Array) => Uint8Array): Uint8Array[] {
  const storages: [string, number, Float32Array][] = [];
  const pickle = tree((tensors, prefix = "") =>
    p.dict(
      ...tensors.map(({ name, shape, data }): [string, Uint8Array] => {
        const key = String(storages.length);
        storages.push([key, data.length, data]);
        return [prefix + name, tensor({ key, type: "Float", count: data.length }, shape, contiguousStrides(shape))];
      }),
    ),
  );
  const files = storages.map(([key, , data]) => ({
    name: `m/data/${key}`,
    data: new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
  }));
  return [legacy(pickle, storages), zip([{ name: "m/data.pkl", data: p.whole(pickle) }, ...files])];
}

const judge: Saved[] = [{ name: "w", shape: [2], data: new Float32Array(2) }];

describe("a whole training checkpoint makes the image of its averaged generator", () => {
  const cases: [string, string, Parameters<typeof saved>[0]][] = [
    ["g_running", "g_running", (dict) => p.dict(["g_running", dict(plain)])],
    ["netG and netD", "netG", (dict) => p.dict(["netG", dict(plain)], ["netD", dict(judge)])],
    ["g, g_ema, d", "g_ema", (dict) => p.dict(["g", dict(raw)], ["g_ema", dict(plain)], ["d", dict(judge)])],
    [
      "generator and discriminator",
      "generator",
      (dict) => p.dict(["generator", dict(plain)], ["discriminator", dict(judge)]),
    ],
    ["model_state_dict", "model_state_dict", (dict) => p.dict(["model_state_dict", dict(plain)], ["step", p.int(7)])],
    [
      "Lightning's state_dict",
      "state_dict.generator",
      (dict) =>
        p.dict(
          [
            "state_dict",
            dict([
              ...plain.map((each) => ({ ...each, name: `generator.${each.name}` })),
              ...judge.map((each) => ({ ...each, name: `discriminator.${each.name}` })),
            ]),
          ],
          ["epoch", p.int(1)],
        ),
    ],
  ];
  it.each(cases)("%s", async (_, entry, tree) => {
    for (const file of saved(tree)) {
      expect((await openCheckpoint(file)).entry).toBe(entry);
      expect(await drawn(file)).toEqual(image);
      using generator = await Generator.load(file, { device });
      expect(generator.entry).toBe(entry);
    }
  });

  it("or of the one that is asked for", async () => {
    const [file] = saved((dict) => p.dict(["g", dict(raw)], ["g_ema", dict(plain)]));
    expect(await drawn(file!, "g")).not.toEqual(image);
    expect(await drawn(file!, "g_ema")).toEqual(image);
    using generator = await Generator.load(file!, { device, key: "g" });
    expect(generator.entry).toBe("g");
    using whole = await Generator.load(TINY, { device });
    expect(whole.entry).toBeUndefined();
    const error = await failure(drawn(file!, "G_ema"));
    expect([error.code, error.message]).toEqual(["usage", expect.stringMatching('It has "g_ema", "g"')]);
  });
});

describe("names that DataParallel and torch.compile lengthened make the same image", () => {
  const cases: [string, Parameters<typeof saved>[0]][] = [
    ["module.", (dict) => dict(plain, "module.")],
    ["module. in state_dict", (dict) => p.dict(["epoch", p.int(3)], ["state_dict", dict(plain, "module.")])],
    ["_orig_mod.", (dict) => dict(plain, "_orig_mod.")],
    ["both, in g_ema", (dict) => p.dict(["g_ema", dict(plain, "module._orig_mod.")])],
  ];
  it.each(cases)("%s", async (_, tree) => {
    for (const file of saved(tree)) expect(await drawn(file)).toEqual(image);
  });

  it("two different prefixes are a file of something else", async () => {
    const [file] = saved((dict) =>
      dict([...plain.slice(1), { ...plain[0]!, name: `other.${plain[0]!.name}` }], "module."),
    );
    const half = saved((dict) =>
      dict([...plain.slice(0, 9), ...plain.slice(9).map((each) => ({ ...each, name: `other.${each.name}` }))]),
    );
    for (const each of [file!, ...half]) expect((await failure(drawn(each))).code).toBe("weights-shape");
  });
});

describe("a segmenter's parts", () => {
  const one: Saved[] = [{ name: "w", shape: [1], data: Float32Array.of(1) }];
  const part = (tree: Parameters<typeof saved>[0]): Uint8Array => saved(tree)[0]!;

  it.each<[what: string, encoder: Uint8Array, decoder: Uint8Array]>([
    ["have names of their own", part((dict) => dict(one)), part((dict) => dict(one, "module."))],
    ["are called what they are", part((dict) => dict(one, "encoder.")), part((dict) => p.dict(["decoder", dict(one)]))],
  ])("%s", async (_, encoder, decoder) => {
    const { state } = await openParts({ encoder, decoder, labels: {} as never }, {});
    expect([...state.keys()]).toEqual(["encoder.w", "decoder.w"]);
  });
});
