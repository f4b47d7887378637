import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Device, Generator } from "../../src/index.ts";
import { recogniseGenerator } from "../../src/networks/generators/recognise.ts";
import { requestDevice } from "../gpu.ts";
import { bytesOfFixture, fixture } from "../networks/generators/goldens.ts";

let device: Device;
let generator: Generator;
beforeAll(async () => {
  device = await requestDevice();
  generator = await Generator.define(recogniseGenerator(await fixture("pgan-grey-gandissect.pth")), { device });
});
afterAll(() => {
  generator?.dispose();
  device?.dispose();
});

type Options = Parameters<Generator["images"]>[0];
async function drawn(options: Partial<Options>) {
  const all = [];
  for await (const image of generator.images({ size: 3, seed: 5, batch: 2, ...options })) all.push(image);
  return all;
}

describe("images", () => {
  it("are of the seed, or of rows that are given, to the byte", async () => {
    const plain = await drawn({});
    expect(plain.map(({ image, size, height, width }) => [image, size, height, width])).toEqual([
      [0, 32, 32, 32],
      [1, 32, 32, 32],
      [2, 32, 32, 32],
    ]);
    expect(plain.every(({ raw }) => raw === undefined)).toBe(true);
    const rows = generator.sample({ size: 3, seed: 5 });
    const given = await drawn({ rows, size: 99, seed: 0 });
    expect(given.map(({ rgb }) => rgb)).toEqual(plain.map(({ rgb }) => rgb));
    const [last] = await drawn({ size: 1, start: 2 });
    expect(last).toMatchObject({ image: 2, rgb: plain[2]!.rgb });
  });

  it("come raw too, without what fills up a vec4", async () => {
    for (const { raw, rgb } of await drawn({ raw: true })) {
      expect(raw).toHaveLength(32 * 32);
      const bytes = Array.from(raw!, (v) => Math.trunc(Math.min(255, Math.max(0, Math.fround((v + 1) / 2) * 255))));
      // Grey in all three; a byte where float32 and float64 round apart.
      bytes.forEach((byte, i) => {
        for (let c = 0; c < 3; c += 1) expect(Math.abs(rgb[3 * i + c]! - byte)).toBeLessThanOrEqual(1);
      });
    }
  });

  it("start behind a layer, from its features", async () => {
    using run = await generator.forward(generator.sample({ size: 3, seed: 5 }), { retain: ["layer4"] });
    const rows = await run.layers.get("layer4")!.read();
    const rest = await drawn({ from: "layer4", rows });
    expect(rest.map(({ rgb }) => rgb)).toEqual((await drawn({})).map(({ rgb }) => rgb));
    const images = generator.images({ from: "layer4", rows }); // without a size and a seed
    expect((await images.next()).value!.rgb).toEqual(rest[0]!.rgb);
    await images.return(undefined);
    await expect(generator.images({}).next()).rejects.toThrow(/size of undefined images/);
    await expect(generator.images({ size: 1 }).next()).rejects.toThrow(/Seed undefined/);
    await expect(drawn({ from: "layer4" })).rejects.toThrow(/Images from "layer4" on are made of its features/);
    await expect(drawn({ rows: rows.subarray(1) })).rejects.toThrow(/no whole number of 16/);
    await expect(drawn({ rows: new Float32Array() })).rejects.toThrow(/size of 0 images/);
  });
});

describe("images of a StyleGAN's w", () => {
  const file = bytesOfFixture("stylegan2-skip-conditional-ada.pkl");
  async function warned(options: object, from: string) {
    const warnings: string[] = [];
    using style = await Generator.load(file, {
      device,
      name: "style",
      onWarning: (said) => void warnings.push(said),
      ...options,
    });
    const { height, channels } = style.layer(from);
    const rows = new Float32Array(height * Math.ceil(channels / 4) * 4).fill(0.5);
    const images = [];
    for await (const { rgb } of style.images({ size: 1, seed: 0, from, rows })) images.push(rgb);
    return { warnings, idle: style.idle(from), rgb: images[0]! };
  }

  it("are told that classes and truncation are settled", async () => {
    const plain = await warned({}, "w+");
    expect([plain.warnings, plain.idle]).toEqual([[], []]);
    const asked = await warned({ classes: [1], truncation: 0.5, cutoff: 2 }, "w+");
    expect(asked.rgb).toEqual(plain.rgb);
    expect([...asked.idle].sort()).toEqual(["classes", "cutoff", "truncation"]);
    expect(asked.warnings).toEqual([expect.stringMatching(/`classes` and .* do nothing to images made of "w\+"/)]);
    expect((await warned({ truncation: 1 }, "w+")).warnings).toEqual([]);
    const before = await warned({ truncation: 0.5, classes: [0] }, "w");
    expect(before.warnings).toEqual([expect.stringMatching(/^`classes`, which style was loaded with, does nothing/)]);
    expect(before.rgb).not.toEqual((await warned({}, "w")).rgb);
  });
});
