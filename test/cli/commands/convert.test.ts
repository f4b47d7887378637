import { createHash } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Device, loadGenerator, openCheckpoint, writeSafetensors } from "../../../src/index.ts";
import { built } from "../../built.ts";
import { requestDevice } from "../../gpu.ts";
import { noise } from "../../kernels/reference.ts";
import { proganState } from "../../models/recipe.ts";
import { run } from "../ganatomy.ts";

const FIXTURES = fileURLToPath(new URL("../../golden/generators/", import.meta.url));
let home: string;
let device: Device;
beforeAll(async () => {
  await built();
  home = await mkdtemp(join(tmpdir(), "ganatomy-convert-"));
  device = await requestDevice();
});
afterAll(async () => {
  device?.dispose();
  await rm(home, { recursive: true, force: true });
});

/** What a generator makes of one image of seed 1, and what it says on loading. */
async function drawn(file: Uint8Array, network?: string) {
  const warnings: string[] = [];
  using generator = await loadGenerator(file, { device, network, onWarning: (message) => void warnings.push(message) });
  using plan = await generator.compile({ batch: 1, raw: true });
  plan.run(generator.sample({ size: 1, seed: 1 }));
  return { raw: await plan.raw!.read(), warnings };
}

test.each(["stylegan2-resnet-clamp1-ada.pkl", "pgan-fused-tf-lod1.5.pkl", "stylegan2-skip-rosinality.pt"])(
  "%s becomes safetensors that say what it is: the clamp, the level of detail",
  async (name) => {
    const { status, stdout } = await run(["convert", join(FIXTURES, name), "--outdir", name, "--json"], { cwd: home });
    expect(status).toBe(0);
    const told = JSON.parse(stdout) as { file: string; sha256: string; bytes: number };
    const file = await readFile(join(home, name, told.file));
    expect(file.length).toBe(told.bytes);
    expect(createHash("sha256").update(file).digest("hex")).toBe(told.sha256);
    expect(await readFile(join(home, name, `${told.file}.sha256`), "utf8")).toBe(`${told.sha256}  ${told.file}\n`);
    const [converted, original] = [await drawn(file), await drawn(await readFile(join(FIXTURES, name)))];
    expect(converted.raw).toEqual(original.raw);
    expect(converted.warnings).toEqual(original.warnings);
  },
);

test("a described network keeps its description, and only the tensors that it names; float16 is half as large", async () => {
  const shapes = { "gen.up.weight": [4, 3, 4, 4], "gen.up.bias": [3], "dis.weight": [500] };
  const tensors = Object.entries(shapes).map(
    ([name, shape], i) =>
      [
        name,
        {
          dtype: "float32",
          shape,
          data: Float32Array.from(
            noise(
              i,
              shape.reduce((a, b) => a * b, 1),
            ),
          ),
        },
      ] as const,
  );
  await writeFile(join(home, "small.safetensors"), writeSafetensors(Object.fromEntries(tensors)));
  const network = JSON.stringify({
    z: 4,
    image: [3, 4, 4],
    range: "-1..1",
    operations: [
      { op: "reshape", shape: [4, 1, 1] },
      { op: "convTranspose", weight: "gen.up.weight", bias: "gen.up.bias" },
      { op: "output", fn: "tanh" },
    ],
  });
  await writeFile(join(home, "small.json"), network);
  const args = ["convert", "small.safetensors", "--network", "small.json"];
  expect((await run([...args, "--outdir", "single"], { cwd: home })).status).toBe(0);
  const single = await readFile(join(home, "single/small.safetensors"));
  expect([...(await openCheckpoint(single)).tensors.keys()].toSorted()).toEqual(["gen.up.bias", "gen.up.weight"]);
  expect((await drawn(single)).raw).toEqual(
    (await drawn(await readFile(join(home, "small.safetensors")), network)).raw,
  );

  expect((await run([...args, "--half", "--outdir", "half"], { cwd: home })).status).toBe(0);
  const half = await readFile(join(home, "half/small.safetensors"));
  expect([...(await openCheckpoint(half)).tensors.values()].map(({ dtype }) => dtype)).toEqual(["float16", "float16"]);
  const [exact, near] = [(await drawn(single)).raw, (await drawn(half)).raw];
  for (const [at, value] of near.entries()) expect(value).toBeCloseTo(exact[at]!, 2);
  expect(near).not.toEqual(exact);
});

test("quantised weights of TensorFlow.js become the numbers they stand for, and none is left out", async () => {
  const quantization = { dtype: "uint8", scale: 0.01, min: -1.28 };
  const weights = [...proganState([8, 4, 4])].map(([name, { shape }]) => {
    return { name, shape, dtype: "float32", quantization };
  });
  const count = weights.reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0);
  await writeFile(join(home, "quantised.json"), JSON.stringify([{ weights, paths: ["quantised.bin"] }]));
  await writeFile(
    join(home, "quantised.bin"),
    Uint8Array.from({ length: count }, (_, at) => at * 37),
  );
  const { status, stderr } = await run(["convert", "quantised.json", "--outdir", "decoded"], { cwd: home });
  expect([status, stderr]).toEqual([0, expect.stringContaining(`${weights.length} tensors`)]);
  const { tensors } = await openCheckpoint(await readFile(join(home, "decoded/quantised.safetensors")));
  const all: number[] = [];
  for (const { name } of weights) all.push(...(await tensors.get(name)!.read()));
  expect(all).toEqual(Array.from({ length: count }, (_, at) => Math.fround(((at * 37) % 256) * 0.01 - 1.28)));
});

test("what is too large for float16, and what is no generator, is refused", async () => {
  const weight = { dtype: "float32", shape: [4, 3, 4, 4], data: new Float32Array(192).fill(1e6) } as const;
  const next = { dtype: "float32", shape: [3, 3, 4, 4], data: new Float32Array(144) } as const;
  await writeFile(join(home, "large.safetensors"), writeSafetensors({ "a.weight": weight, "b.weight": next }));
  const args = ["convert", "large.safetensors", "--network", "dcgan"];
  const large = await run([...args, "--half"], { cwd: home });
  expect([large.status, large.stderr]).toEqual([2, expect.stringMatching(/1000000 in "a\.weight" is too large/)]);
  const key = ["--key", "D"];
  const other = await run(["convert", join(FIXTURES, "stylegan2-skip-ada.pkl"), ...key], { cwd: home });
  expect([other.status, other.stderr]).toEqual([4, expect.stringMatching(/This is an NVIDIA discriminator/)]);
});

test("info tells the container, the part that was taken, classes and channels", async () => {
  const info = async (name: string) => JSON.parse((await run(["info", join(FIXTURES, name), "--json"])).stdout)[0];
  expect(await info("pgan-labels-tf.pkl")).toMatchObject({
    architecture: "Progressive GAN",
    facts: { container: "pickle", part: "Gs, not G, not D", z: 16, classes: 3, image: "32×32" },
  });
  expect(await info("pgan-rgba-gandissect.pth")).toMatchObject({ facts: { container: "pth-zip", channels: 4 } });
});
