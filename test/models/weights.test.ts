import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  conv,
  type Device,
  defineSegmenter,
  filterOf,
  Generator,
  openCheckpoint,
  type SafetensorsInput,
  writeSafetensors,
} from "../../src/index.ts";
import { Weights } from "../../src/models/weights.ts";
import type { State } from "../../src/networks/state.ts";
import { Graph } from "../../src/runtime/graph.ts";
import { requestDevice } from "../gpu.ts";
import { failure } from "../weights/fixtures.ts";

const TINY = readFileSync(new URL("../golden/progan-tiny.zip.pth", import.meta.url));

let device: Device;
beforeAll(async () => {
  device = await requestDevice();
});
afterAll(() => device.dispose());

/** The tiny generator as safetensors, with other values at some places of a tensor. */
async function tiny(name: string, values: Readonly<Record<number, number>>): Promise<Uint8Array> {
  const tensors: Record<string, SafetensorsInput> = {};
  for (const [key, tensor] of (await openCheckpoint(TINY)).tensors) {
    const data = (await tensor.read()).slice();
    if (key === name) for (const [at, value] of Object.entries(values)) data[Number(at)] = value;
    tensors[key] = { dtype: "float32", shape: tensor.shape, data };
  }
  return writeSafetensors(tensors);
}

describe("weights of a training that diverged", () => {
  it("are refused with the tensor and how many there are", async () => {
    const one = await failure(Generator.load(await tiny("layer2.conv.weight", { 0: Number.NaN }), { device }));
    expect(one.code).toBe("weights-values");
    expect(one.message).toMatch('"layer2.conv.weight" has 1 of 2304 values that are not finite (NaN or infinite)');
    const infinite = { 1: Number.POSITIVE_INFINITY, 7: Number.NEGATIVE_INFINITY, 9: Number.NaN };
    const three = await failure(Generator.load(await tiny("layer4.wscale.b", infinite), { device }));
    expect(three.message).toMatch('"layer4.wscale.b" has 3 of 24 values');
  });

  it("are taken by whoever allows them, and finite ones by anybody", async () => {
    const file = await tiny("layer2.conv.weight", { 0: Number.NaN });
    using allowed = await Generator.load(file, { device, allowNonFinite: true });
    using finite = await Generator.load(await tiny("layer2.conv.weight", { 0: 3e38 }), { device });
    expect([allowed.zSize, finite.zSize]).toEqual([16, 16]);
  });

  it("of a segmenter alike", async () => {
    const weights = writeSafetensors({
      "c.weight": { dtype: "float32", shape: [2, 3, 1, 1], data: Float32Array.of(1, 2, 3, Number.NaN, 5, 6) },
      "c.bias": { dtype: "float32", shape: [2], data: Float32Array.of(1, 2) },
    });
    const definition = {
      weights,
      labels: ["-", "a"].map((name) => ({ name, category: "color" })),
      logits: (graph, x, state) => conv(graph, x, filterOf(state, "c")),
    } satisfies Parameters<typeof defineSegmenter>[0];
    expect((await failure(defineSegmenter(definition, { device }))).message).toMatch('"c.weight" has 1 of 6 values');
    (await defineSegmenter(definition, { device, allowNonFinite: true })).dispose();
  });
});

describe("weights on a server", () => {
  /** What of a file is asked for whose network has so many layers, all but the first of 1 MiB. */
  async function askedFor(layers: number) {
    // In the file they are by name.
    const names = Array.from({ length: layers }, (_, at) => `c${10 + at}`);
    const filter = (channels: number): SafetensorsInput => {
      return { dtype: "float32", shape: [512, channels, 1, 1], data: new Float32Array(512 * channels) };
    };
    const bias: SafetensorsInput = { dtype: "float32", shape: [512], data: new Float32Array(512) };
    const tensors = names.flatMap((name, at) => [
      [`${name}.weight`, filter(at === 0 ? 3 : 512)],
      [`${name}.bias`, bias],
    ]);
    const file = writeSafetensors(Object.fromEntries(tensors));
    const ranges: string[] = [];
    const server: typeof fetch = async (_, init) => {
      const range = new Headers(init?.headers).get("range")!;
      ranges.push(range);
      const [first = 0, last = 0] = range.slice("bytes=".length).split("-").map(Number);
      const body = file.slice(first, last + 1);
      const said = `bytes ${first}-${first + body.length - 1}/${file.length}`;
      return new Response(body, { status: 206, headers: { "content-range": said } });
    };
    const segmenter = await defineSegmenter(
      {
        weights: "https://example.org/weights.safetensors",
        labels: Array.from({ length: 512 }, (_, at) => ({ name: at === 0 ? "-" : `label ${at}`, category: "color" })),
        logits: (graph, x, state) => names.reduce((before, name) => conv(graph, before, filterOf(state, name)), x),
      },
      { device, fetch: server },
    );
    segmenter.dispose();
    return ranges;
  }

  it("are asked for once, or by many megabytes at a time", async () => {
    // The first asks for the header.
    expect(await askedFor(4)).toHaveLength(2);
    expect(await askedFor(18)).toHaveLength(4);
  });
});

it("an abort as they begin to be read is told once, to whoever loads", async () => {
  const unheard: unknown[] = [];
  const hear = (reason: unknown) => void unheard.push(reason);
  process.on("unhandledRejection", hear);
  const abort = new AbortController();
  const enough = new Error("enough");
  const loading = Generator.load(TINY, { device, signal: abort.signal }, () => abort.abort(enough));
  await expect(loading).rejects.toBe(enough);
  await new Promise((resolve) => setTimeout(resolve)); // Node tells of them a turn later
  process.off("unhandledRejection", hear);
  expect(unheard).toEqual([]);
});

/** A graph of small tensors, and the state that has them, which `read` reads. */
function small(count: number, read: () => Promise<Float32Array>) {
  const names = Array.from({ length: count }, (_, at) => `bias${at}`);
  const state: State = new Map(names.map((name) => [name, { name, shape: [4], dtype: "float32", read }]));
  const graph = new Graph("software");
  for (const name of names) graph.parameter(name, [4], [name], ([numbers]) => numbers!);
  return { graph, weights: new Weights(device, state) };
}

it("of a thousand small tensors some are read at a time, as each opens its file", async () => {
  let [reading, most] = [0, 0];
  const { graph, weights } = small(1000, async () => {
    reading += 1;
    most = Math.max(most, reading);
    await new Promise((resolve) => setTimeout(resolve));
    reading -= 1;
    return new Float32Array(4);
  });
  expect((await weights.bind(graph)).size).toBe(1000);
  expect(weights.bytes).toBe(16_000);
  expect(most).toBe(128);
  weights.dispose();
});

it.each([1, 200])("disposed of while the %ith is read, nothing is left of them", async (last) => {
  const before = { ...device.live };
  let count = 0;
  const { graph, weights } = small(200, async () => {
    count += 1;
    if (count === last) setTimeout(() => weights.dispose());
    await new Promise((resolve) => setTimeout(resolve, 1));
    return new Float32Array(4);
  });
  expect((await failure(weights.bind(graph))).message).toMatch("was disposed");
  expect(device.live).toEqual(before);
});
