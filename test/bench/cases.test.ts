import { readFile } from "node:fs/promises";
import { beforeAll, describe, expect, it, test } from "vitest";
import { recipe } from "../../bench/cases/states.ts";
import { allCases, type Case } from "../../bench/cases.ts";
import { leastBytes } from "../../bench/networks/bytes.ts";
import { NetworkBuilder } from "../../bench/networks/operations.ts";
import { resnet18 } from "../../bench/networks/resnet18.ts";
import { recogniseClassifier } from "../../src/networks/classifiers/recognise.ts";

describe("the benchmark's cases", () => {
  let cases: Case[];
  beforeAll(async () => {
    cases = await allCases(async (path) => {
      const { buffer, byteOffset, byteLength } = await readFile(new URL(`../../weights/${path}`, import.meta.url));
      return buffer.slice(byteOffset, byteOffset + byteLength) as ArrayBuffer;
    });
  });
  const named = (part: string): string[] => cases.map(({ name }) => name).filter((name) => name.includes(part));

  it("have names of their own", () => {
    expect(new Set(named("")).size).toBe(cases.length);
  });

  it("hold every convolution of ProGAN-256", () => {
    const widths = [512, 512, 512, 512, 256, 128, 64];
    const blocks = widths.flatMap((width, i) => {
      const extent = 4 * 2 ** i;
      const up = `progan-256 conv up 3x3 ${widths[i - 1]}-${width} @${extent}`;
      return [...(i > 0 ? [up] : []), `progan-256 conv 3x3 ${width}-${width} @${extent}`];
    });
    expect(named("progan-256 conv")).toEqual([...blocks, "progan-256 conv 1x1 64-3 @256"]);
  });

  it("hold UPerNet's largest convolution and MOSAIC's depthwise ones", () => {
    expect(named("upernet-256 conv 3x3 2048-512 @64")).toHaveLength(1);
    expect(named("mosaic-512 depthwise 5x5").length).toBeGreaterThan(1);
  });

  it("run the convolutions they should by default", () => {
    const headlines = cases.filter(({ name, headline }) => headline && name.includes(" conv "));
    expect(headlines).toHaveLength(5);
  });
});

test("the classifier that is dissected is torchvision's ResNet-18, as operations and as we recognise it", async () => {
  const state = await recipe("resnet18");
  const { architecture, layers } = recogniseClassifier(state, { edge: 224 });
  expect(architecture).toBe("ResNet-18");
  const { channels, height } = layers.find(({ name }) => name === "layer4")!;
  const { builder, last } = await resnet18(state, 224);
  expect(last.shape).toEqual([1, height, height, channels]);
  // 1.81 billion multiply-adds, as torchvision counts them, of which the last matrix is half a
  // million.
  expect(builder.network(last).flops / 2).toBeGreaterThan(1.8e9);
  expect(builder.network(last).flops / 2).toBeLessThan(1.82e9);
});

describe("least bytes", () => {
  it("are weights, the map before upsampling, and the output", () => {
    const builder = new NetworkBuilder([1, 4, 4, 8]);
    const x = builder.upsample(builder.pixelnorm(builder.input));
    const y = builder.conv(x, { weight: new Float32Array(9 * 8 * 16), bias: new Float32Array(16) });
    expect(leastBytes(builder.network(y))).toBe(4 * (9 * 8 * 16 + 16 + 4 * 4 * 8 + 8 * 8 * 16));
  });

  it("of what reads a part, or parts side by side, are theirs", () => {
    const builder = new NetworkBuilder([1, 4, 4, 8]);
    const [first, second] = builder.split(builder.input, 2);
    const x = builder.concat([first!, builder.pixelnorm(second!)]);
    expect(leastBytes(builder.network(builder.maxpool(first!)))).toBe(4 * (4 * 4 * 4 + 2 * 2 * 4));
    builder.maxpool(x);
    expect(leastBytes(builder.network(x))).toBe(4 * (4 * 4 * 4 + 2 * 2 * 4 + 4 * 4 * 8 + 2 * 2 * 8));
  });

  it("of an addition are the other summand's", () => {
    const builder = new NetworkBuilder([1, 4, 4, 8]);
    const y = builder.add(builder.input, builder.input);
    expect(leastBytes(builder.network(y))).toBe(4 * 4 * 4 * 8);
  });
});
