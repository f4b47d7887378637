import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openSegmenter } from "../../src/cli/models.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "ganatomy-"));
});
afterAll(() => rm(folder, { recursive: true }));

test("an ONNX file is a segmenter with the labels.json beside it", async () => {
  const path = join(folder, "deeplab.onnx");
  await writeFile(path, "1234");
  await expect(openSegmenter(path)).rejects.toThrow("has weights but no labels.json");
  await writeFile(join(folder, "labels.json"), "{}");
  const { name, files } = await openSegmenter(path);
  expect(name).toBe("deeplab");
  expect("weights" in files && [files.weights.size, files.labels.size]).toEqual([4, 2]);
  await expect(openSegmenter(join(folder, "gone.onnx"))).rejects.toThrow("neither a folder nor the name");
});
