import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { KeptInversion } from "../../../src/cli/invert/kept.ts";
import type { Inversion } from "../../../src/inversion/index.ts";
import { type OutputFolder, outputFolder } from "../../../src/node/folder.ts";

let path: string;
let folder: OutputFolder;
beforeEach(async () => {
  path = await mkdtemp(join(tmpdir(), "kept-inversion-"));
  folder = await outputFolder(path);
});
afterEach(async () => {
  await folder.finish();
  await rm(path, { recursive: true });
});

const SETTINGS = { model: "a", seed: 1 };
/** After the latent's stage: of three starts, two of which meet the image or what is no image. */
const latent: Inversion = {
  ...{ space: "z", start: 2, latent: Float32Array.of(1, -2, 0.1) },
  inputs: new Map([["class", Float32Array.of(0, 1)]]),
  psnr: { starts: [10.25, Number.NEGATIVE_INFINITY, 0.1], latents: [11, 12, Number.POSITIVE_INFINITY] },
  images: { latent: Float32Array.of(0.5, 0.25) },
};
const open = (settings: unknown = SETTINGS) => KeptInversion.open(folder, settings).then(({ found }) => found);

test("what was found is found again, to the bit, by the same settings alone", async () => {
  const kept = await KeptInversion.open(folder, SETTINGS);
  expect(kept.found).toBeUndefined();
  await kept.keep(latent);
  expect(await open()).toEqual(latent);
  expect(await open({ ...SETTINGS, seed: 2 })).toBeUndefined();
  const layer = { layer: "layer4", features: Float32Array.of(7, 8), psnr: { ...latent.psnr, layer: 13.5 } };
  const images = { ...latent.images, layer: Float32Array.of(1) };
  await kept.keep({ ...latent, ...layer, images });
  // the image behind the layer is made again of its features
  expect(await open()).toEqual({ ...latent, ...layer });
  await kept.remove();
  expect(await open()).toBeUndefined();
});

test("what is damaged is begun anew", async () => {
  await (await KeptInversion.open(folder, SETTINGS)).keep(latent);
  const file = join(path, "inversion.state");
  const bytes = await readFile(file);
  for (const damaged of [bytes.subarray(0, 20), bytes.subarray(0, -1), Buffer.from("{}"), Buffer.alloc(0)]) {
    await writeFile(file, damaged);
    expect(await open()).toBeUndefined();
  }
});
