// A narrow CIFAR ResNet of ten classes with made-up weights, and photographs for it.
import { readFile, writeFile } from "node:fs/promises";
import { encode } from "fast-png";
import { writeSafetensors } from "../../../src/index.ts";
import { imageOf, stateOf } from "../../models/recipe.ts";

/** Of its pictures. */
export const EDGE = 16;

/** Writes the classifier's weights. */
export async function writeClassifier(path: string): Promise<void> {
  const { cifar } = JSON.parse(await readFile(new URL("../../golden/classifiers.json", import.meta.url), "utf8"));
  const tensors = await Promise.all(
    [...stateOf("", cifar.shapes)].map(async ([name, tensor]) => {
      return [name, { dtype: "float32" as const, shape: tensor.shape, data: await tensor.read() }] as const;
    }),
  );
  await writeFile(path, writeSafetensors(Object.fromEntries(tensors)));
}

/** PNG files of so many photographs. */
export function photographs(count: number): Uint8Array[] {
  const pixels = imageOf(count, EDGE, EDGE);
  return Array.from({ length: count }, (_, i) => {
    const own = pixels.subarray(i * 4 * EDGE ** 2, (i + 1) * 4 * EDGE ** 2).filter((_, place) => place % 4 < 3);
    const data = Uint8Array.from(own, (value) => Math.round((value + 1) * 127.5));
    return encode({ width: EDGE, height: EDGE, channels: 3, depth: 8, data });
  });
}
