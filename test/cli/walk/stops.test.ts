import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openStops } from "../../../src/cli/walk/stops.ts";
import { type Device, type Generator, loadGenerator, writeSafetensors } from "../../../src/index.ts";
import { requestDevice } from "../../gpu.ts";
import { scenes64 } from "../../session/places.ts";

let home: string;
let device: Device;
let generator: Generator;
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), "ganatomy-stops-"));
  device = await requestDevice();
  const file = new URL("../../golden/generators/stylegan2-orig.safetensors", import.meta.url);
  generator = await loadGenerator(new Blob([await readFile(file)]), { device, name: "StyleGAN2" });
});
afterAll(async () => {
  device?.dispose();
  await rm(home, { recursive: true, force: true });
});

/** A file of rows of numbers, each of which is another; its path and its numbers. */
async function fileOf(tensor: string, shape: readonly number[]) {
  const length = shape.reduce((a, b) => a * b);
  const data = Float32Array.from({ length }, (_, i) => Math.fround(Math.sin(i + tensor.length)));
  const path = join(home, `${tensor}.safetensors`);
  await writeFile(path, writeSafetensors({ [tensor]: { dtype: "float32", shape, data } }));
  return { path, data };
}

/** What the generator makes of a seed's image 0 in a space. */
async function ledTo(space: string, seed: number): Promise<Float32Array> {
  using plan = await generator.compile({ batch: 1, retain: [space], until: space });
  plan.run(generator.sample({ size: 1, seed }));
  return plan.layers.get(space)!.read();
}

test("each seed and each row of a file is a stop, in the order of all", async () => {
  const size = generator.zSize;
  const { path, data } = await fileOf("z", [3, size]);
  const stops = await openStops(["5", path, "07"], generator, {});
  expect(stops).toMatchObject({ space: "z", generator });
  expect(stops).not.toHaveProperty("weights");
  const rows = [0, 1, 2].map((row) => ({ file: path, row }));
  expect(stops.names).toEqual([{ seed: 5 }, ...rows, { seed: 7 }]);
  expect(stops.rows.map((row) => [...row])).toEqual([
    [...generator.sample({ size: 1, seed: 5 })],
    ...[0, 1, 2].map((row) => [...data.subarray(row * size, (row + 1) * size)]),
    [...generator.sample({ size: 1, seed: 7 })],
  ]);
});

test("what is earlier is led on: to the last space of all, or to the one asked for", async () => {
  const { channels } = generator.layer("w");
  const { path, data } = await fileOf("w", [1, channels]);
  const w = [...(await ledTo("w", 3))];
  expect(w.length).toBeGreaterThanOrEqual(channels);
  for (const asked of [
    ["3", path],
    [path, "3"],
  ]) {
    const { space, rows } = await openStops(asked, generator, {});
    expect(space).toBe("w");
    expect([...rows[asked.indexOf("3")]!]).toEqual(w);
    expect([...rows[asked.indexOf(path)]!.subarray(0, channels)]).toEqual([...data]);
  }
  const broadcast = await openStops(["3", path, "4"], generator, { space: "w+" });
  expect(broadcast.space).toBe("w+");
  expect([...broadcast.rows[0]!]).toEqual([...(await ledTo("w+", 3))]);
  expect([...broadcast.rows[2]!]).toEqual([...(await ledTo("w+", 4))]);
  // every layer is given the file's w
  expect([...broadcast.rows[1]!.subarray(0, channels)]).toEqual([...data]);
  const early = await openStops(["3", "4"], generator, { space: "w" });
  expect([early.space, [...early.rows[0]!]]).toEqual(["w", w]);
});

test("weights that were fitted to a stop draw all, and those of two must be the same", async () => {
  const scenes = await loadGenerator((await scenes64()).generator, { device, name: "scenes64" });
  const { height, width, channels } = scenes.layer("layer4");
  const key = [...scenes.network.state.keys()].find((name) => name.startsWith("layer6.") && name.endsWith("weight"))!;
  const before = scenes.network.state.get(key)!;
  const own = Float32Array.from(await before.read());
  const shape = [1, height, width, channels];
  const inverted = async (name: string, change: number) => {
    const path = join(home, name);
    const layer4 = { dtype: "float32" as const, shape, data: new Float32Array(height * width * channels).fill(change) };
    const data = own.map((value) => value + change);
    const weights = { dtype: "float32" as const, shape: before.shape, data };
    await writeFile(path, writeSafetensors({ layer4, [`weights.${key}`]: weights }));
    return path;
  };
  const [one, other] = [await inverted("one.safetensors", 0.25), await inverted("other.safetensors", 0.5)];
  const stops = await openStops([one, "3", one], scenes, {});
  expect(stops.space).toBe("layer4");
  expect(stops.weights).toMatch(/^[0-9a-f]{64}$/);
  expect([...(await stops.generator.network.state.get(key)!.read())]).toEqual([...own.map((value) => value + 0.25)]);
  expect(stops.rows[0]).toEqual(new Float32Array(height * width * channels).fill(0.25));
  expect(stops.rows[2]).toEqual(stops.rows[0]);
  const its = await openStops([other, "3"], scenes, {});
  expect(its.weights).not.toBe(stops.weights);
  await expect(openStops([one, "3", other], scenes, {})).rejects.toThrow("Two of these were given weights");
});

test("refuses one stop, layers that there are not, and what no way leads back to", async () => {
  const { path } = await fileOf("w", [1, generator.layer("w").channels]);
  await expect(openStops(["3"], generator, {})).rejects.toThrow("two stops at least");
  await expect(openStops(["3", "4"], generator, { space: "v" })).rejects.toThrow('no layer "v"');
  const back = openStops(["3", path], generator, { space: "z" });
  await expect(back).rejects.toThrow(`"${path}" is in w, from which no way leads back to z`);
});
