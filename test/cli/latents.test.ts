import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openLatents } from "../../src/cli/latents.ts";
import { type Generator, writeSafetensors } from "../../src/index.ts";

let home: string;
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), "ganatomy-latents-"));
});
afterAll(() => rm(home, { recursive: true, force: true }));

/** Of z [3] and a class of 2, with w [6] in 4 layers. */
const style = {
  name: "dice",
  zSize: 3,
  rowSize: 5,
  network: {
    inputs: [
      { name: "z", height: 1, width: 1, channels: 3 },
      { name: "label", height: 1, width: 1, channels: 2, draw: "class" },
    ],
  },
  layers: [
    { name: "w", height: 1, width: 1, channels: 6, vector: true },
    { name: "w+", height: 4, width: 1, channels: 6, vector: true },
    { name: "layer2", height: 1, width: 1, channels: 3 },
  ],
  idle: (): readonly string[] => [],
  sample: ({ size }: { size: number }) => Float32Array.from({ length: 5 * size }, (_, at) => [9, 9, 9, 0, 1][at % 5]!),
} as unknown as Generator;
const plain = {
  ...style,
  rowSize: 3,
  network: { inputs: [style.network.inputs[0]!] },
  layers: [],
} as unknown as Generator;

async function opened(shape: readonly number[], name = "z", generator = style, size?: number) {
  const count = shape.reduce((product, extent) => product * extent, 1);
  const data = Float32Array.from({ length: count }, (_, at) => at + 1);
  const path = join(home, "latents.safetensors");
  await writeFile(path, writeSafetensors({ [name]: { dtype: "float32", shape, data } }));
  return openLatents(path, generator, { size });
}

test("z gets the classes that images are drawn of", async () => {
  expect(await opened([2, 3])).toEqual({ size: 2, rows: Float32Array.of(1, 2, 3, 0, 1, 4, 5, 6, 0, 1) });
  const rows = Float32Array.of(1, 2, 3, 4, 5, 6);
  // as PyTorch's generators take them, too
  for (const shape of [
    [2, 3],
    [2, 3, 1, 1],
    [2, 3, 1],
  ]) {
    expect(await opened(shape, "z", plain)).toEqual({ size: 2, rows });
  }
});

test("the file's own class is that of its z, unless another is asked for", async () => {
  const path = join(home, "label.safetensors");
  const [z, label] = [Float32Array.of(1, 2, 3), Float32Array.of(1, 0)];
  const file = (shape: number[]) =>
    writeSafetensors({
      z: { dtype: "float32", shape: [1, 3], data: z },
      label: { dtype: "float32", shape, data: label },
    });
  await writeFile(path, file([1, 2]));
  expect(await openLatents(path, style)).toEqual({ size: 1, rows: Float32Array.of(1, 2, 3, 1, 0) });
  expect(await openLatents(path, style, { classes: [1] })).toEqual({ size: 1, rows: Float32Array.of(1, 2, 3, 0, 1) });
  await writeFile(path, file([2, 1]));
  await expect(openLatents(path, style)).rejects.toThrow(/"label" in ".*" is \[2,1\].*it is \[1,2\]/);
});

test("latents of another model are said to be so", async () => {
  const path = join(home, "model.safetensors");
  const z = { dtype: "float32", shape: [1, 3], data: Float32Array.of(1, 2, 3) } as const;
  const notes: string[] = [];
  const note = (text: string) => void notes.push(text);
  for (const model of ["cards", "dice"]) {
    await writeFile(path, writeSafetensors({ z }, { model }));
    await openLatents(path, plain, { note });
  }
  expect(notes).toEqual([expect.stringMatching(/is of "cards", and this model is "dice"/)]);
});

test("w is of all layers or of each, in whole vec4s; a lone tensor is known by its shape", async () => {
  const rows = Float32Array.of(1, 2, 3, 4, 5, 6, 0, 0);
  expect(await opened([1, 6], "w")).toEqual({ size: 1, rows, from: "w" });
  expect(await opened([1, 6], "anything")).toEqual({ size: 1, rows, from: "w" });
  const each = await opened([2, 4, 6], "w");
  expect(each).toMatchObject({ size: 2, from: "w+" });
  expect(each.rows).toHaveLength(2 * 4 * 8);
  expect([...each.rows.subarray(8, 16)]).toEqual([7, 8, 9, 10, 11, 12, 0, 0]);
});

test("what decides nothing behind them is refused", async () => {
  const asked = {
    ...style,
    idle: (from: string) => (from === "w+" ? ["classes", "truncation"] : ["classes"]),
  } as unknown as Generator;
  await expect(opened([1, 6], "w", asked)).rejects.toThrow(
    /are w, behind which `classes` decides nothing.*or give z\./,
  );
  await expect(opened([1, 4, 6], "w", asked)).rejects.toThrow(/are w\+.*`classes` and `truncation` decide nothing/);
  expect(await opened([1, 3], "z", asked)).toMatchObject({ size: 1 });
  const truncated = { ...style, idle: (from: string) => (from === "w+" ? ["cutoff"] : []) } as unknown as Generator;
  await expect(opened([1, 4, 6], "w", truncated)).rejects.toThrow(/`cutoff`.*Leave it out, or give w or z/);
  expect(await opened([1, 6], "w", truncated)).toMatchObject({ from: "w" });
});

test("others are refused with what the generator takes", async () => {
  const takes = /dice takes z \[n,3\], w \[n,6\], w\+ \[n,4,6\]/;
  for (const shape of [[2, 4], [3], [2, 3, 3], [0, 3]]) {
    await expect(opened(shape), `${shape}`).rejects.toMatchObject({ fix: expect.stringMatching(takes) });
  }
  // A z of w's shape is no w, and the other way round.
  await expect(opened([2, 6], "z")).rejects.toThrow(/are \[2,6\]/);
  await expect(opened([2, 3], "w")).rejects.toThrow(/are \[2,3\]/);
  await expect(opened([1, 6], "w", plain)).rejects.toThrow(/are \[1,6\]/);
  const path = join(home, "two.safetensors");
  const data = Float32Array.of(Number.NaN);
  const one = { dtype: "float32", shape: [1, 1], data } as const;
  await writeFile(path, writeSafetensors({ a: one, b: one }));
  await expect(openLatents(path, plain)).rejects.toThrow(/holds a, b, and neither "z" nor "w"/);
  const nan = { dtype: "float32", shape: [1, 3], data: Float32Array.of(1, Number.NaN, 2) } as const;
  await writeFile(path, writeSafetensors({ z: nan }));
  await expect(openLatents(path, plain)).rejects.toThrow(/no number/);
});

test("features of a layer go before what they were made of", async () => {
  const path = join(home, "features.safetensors");
  const data = Float32Array.of(1, 2, 3, 4, 5, 6);
  const z = { dtype: "float32" as const, shape: [2, 3], data: new Float32Array(6) };
  await writeFile(path, writeSafetensors({ z, layer2: { dtype: "float32", shape: [2, 1, 1, 3], data } }));
  const rows = Float32Array.of(1, 2, 3, 0, 4, 5, 6, 0);
  expect(await openLatents(path, style)).toEqual({ size: 2, rows, from: "layer2" });
  await writeFile(path, writeSafetensors({ layer2: { dtype: "float32", shape: [2, 3], data } }));
  await expect(openLatents(path, style)).rejects.toThrow(/"layer2" in ".*" is \[2,3\].*\[n,1,1,3\]/);
});

test("of more rows than are wanted the first are taken, of fewer it is said", async () => {
  const first = { size: 2, rows: Float32Array.of(1, 2, 3, 0, 1, 4, 5, 6, 0, 1) };
  expect(await opened([5, 3], "z", style, 2)).toEqual(first);
  expect(await opened([2, 3], "z", style, 2)).toEqual(first);
  expect((await opened([3, 4, 6], "w", style, 1)).rows).toHaveLength(32); // each of 6 in 8
  await expect(opened([2, 3], "z", style, 3)).rejects.toThrow(/has 2 rows, and --size asks for 3.*Give --size up to 2/);
  await expect(opened([1, 3], "z", style, 8)).rejects.toThrow(/has 1 row, .*Leave --size out/);
});
