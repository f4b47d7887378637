// Five generators that nobody here wrote, beside the repository: see their SOURCES.md. Where they
// are not there, that is said, and the made-up network of description-network.test.ts is all there
// is.
import { existsSync, readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Generator } from "../../src/models/generator.ts";
import { parseDescription } from "../../src/networks/description.ts";
import { describedNetwork } from "../../src/networks/description-network.ts";
import type { Device } from "../../src/runtime/device.ts";
import { openCheckpoint } from "../../src/weights/checkpoint.ts";
import { requestDevice, toNchw } from "../gpu.ts";
import { worstError } from "../kernels/reference.ts";

const WILD = new URL("../../../shared/models/wild/", import.meta.url);
const there = existsSync(WILD);
if (!there) console.log(`No ${WILD.pathname}: the networks of others are not compared.`);

let device: Device;
beforeAll(async () => {
  device = await requestDevice();
});
afterAll(() => device?.dispose());

/** [n][c][h][w] of [n, h, w, 4 · …]. */
const numbers = (data: Float32Array, shape: readonly number[], channels: number) => toNchw(data, shape, channels);

describe.runIf(there)("a network of others, by its description, is as its golden file says", () => {
  const models = there ? JSON.parse(readFileSync(new URL("models.json", WILD), "utf8")) : {};

  it.each(Object.keys(models))("%s", async (name) => {
    const golden = (await openCheckpoint(readFileSync(new URL(name.replace(/pth$/, "golden.safetensors"), WILD))))
      .tensors;
    const file = await openCheckpoint(readFileSync(new URL(name, WILD)));
    const description = parseDescription(models[name]);
    const network = describedNetwork(description, file);
    using generator = await Generator.define(network, { device });
    const [z, labels] = [await golden.get("z")!.read(), await golden.get("labels")?.read()];
    const rows = Float32Array.from({ length: 4 * generator.rowSize }, (_, at) => {
      const [row, column] = [Math.floor(at / generator.rowSize), at % generator.rowSize];
      if (column < generator.zSize) return z[row * generator.zSize + column]!;
      return Number(labels![row] === column - generator.zSize);
    });
    const layers = network.layers.map((layer) => layer.name);
    const plan = await generator.compile({ batch: 4, retain: layers, raw: true });
    plan.run(rows);
    expect(layers).toEqual(description.operations.flatMap((step) => (step.op === "layer" ? [step.name] : [])));
    for (const layer of [...layers, "image"]) {
      const tensor = layer === "image" ? plan.raw! : plan.layers.get(layer)!;
      const channels = layer === "image" ? description.image[0] : generator.layer(layer).channels;
      const expected = await (golden.get(`${layer}.f64`) ?? golden.get(`${layer}.f32`))!.read();
      const error = worstError(numbers(await tensor.read(), tensor.shape, channels), expected);
      console.log(`${name} ${layer}: ${error.toExponential(1)}`);
      expect(error, layer).toBeLessThan(1e-4);
    }
    plan.dispose();
  });
});
