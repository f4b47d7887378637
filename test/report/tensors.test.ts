import { describe, expect, test } from "vitest";
import { NO_IMAGE, toBlocks, toTensors } from "../../src/report/tensors.ts";
import { openSource } from "../../src/weights/open.ts";
import { openSafetensors } from "../../src/weights/safetensors.ts";
import { fixture, LABELS, layerOf } from "./fixture.ts";

const { dissection } = fixture();

describe("tensors", () => {
  test("hold the tables of every layer", async () => {
    const layer = dissection.layers[0]!;
    const units = layer.units.map((unit, i) => (i === 2 ? { ...unit, top: unit.top.slice(0, 1) } : unit));
    const bytes = toTensors({ ...dissection, layers: [{ ...layer, units }, dissection.layers[1]!] });
    const file = await openSafetensors(await openSource(bytes));
    expect([...file.tensors.keys()].sort()).toEqual(
      [
        "label_pixels",
        ...["layer4", "layer6"].flatMap((name) =>
          [
            ...["iou", "iqr", "mi", "correlation", "intersection", "activation", "training_iqr", "training_maxiou"],
            ...["level", "top_image", "top_activation"],
          ].map((table) => `${name}.${table}`),
        ),
      ].sort(),
    );
    expect(file.tensors.get("layer4.iou")!.shape).toEqual([6, 12]);
    expect(file.tensors.get("layer4.activation")!.shape).toEqual([2, 12]);
    const header = new TextDecoder().decode(
      bytes.subarray(8, 8 + Number(new DataView(bytes.buffer).getBigUint64(0, true))),
    );
    const { __metadata__: metadata, ...places } = JSON.parse(header);
    expect(JSON.parse(metadata.labels)).toEqual(LABELS.map(({ name, category }) => [name, category]));
    const data = bytes.subarray(8 + new TextEncoder().encode(header).length).slice().buffer;
    const at = (name: string) => places[name].data_offsets as [number, number];
    const iou = new Float32Array(data.slice(...at("layer4.iou")));
    expect(iou).toEqual(Float32Array.from(dissection.layers[0]!.tables.iou));
    const images = new Uint32Array(data.slice(...at("layer4.top_image")));
    expect([...images.subarray(12, 18)]).toEqual([layer.units[2]!.top[0]!.image, ...Array(5).fill(NO_IMAGE)]);
    const activations = new Float32Array(data.slice(...at("layer4.top_activation")));
    const activation = Math.fround(layer.units[2]!.top[0]!.activation);
    expect([...activations.subarray(12, 18)]).toEqual([activation, ...Array(5).fill(Number.NaN)]);
  });

  test("of a layer without top images have none", async () => {
    expect(NO_IMAGE).toBe(2 ** 32 - 1); // what readers compare with
    const { tensors } = await openSafetensors(
      await openSource(toTensors({ ...dissection, categories: ["object"], layers: [layerOf([{}], 6)] })),
    );
    expect(tensors.get("layer1.top_image")!.shape).toEqual([1, 0]);
  });

  test("are each of its name, and where no levels were searched there are none of training", async () => {
    const layer = layerOf([{ level: 0.5, top: [{ image: 7, activation: 2 }] }, { level: 0.25 }], 3);
    Object.values(layer.tables).forEach((table, i) => {
      table.set(Array.from(table, (_, cell) => 10 * i + cell));
    });
    const [labels, categories] = [LABELS.slice(0, 3), ["object"]];
    const bytes = toTensors({ ...dissection, labels, categories, labelPixels: [0, 2 ** 24 + 2, 5], layers: [layer] });
    const { tensors } = await openSafetensors(await openSource(bytes));
    const found: Record<string, unknown> = {};
    for (const [name, tensor] of tensors) found[name] = [tensor.dtype, tensor.shape, [...(await tensor.read())]];
    expect(found).toEqual({
      label_pixels: ["float64", [3], [0, 2 ** 24 + 2, 5]],
      "layer1.iou": ["float32", [3, 2], [0, 1, 2, 3, 4, 5]],
      "layer1.iqr": ["float32", [3, 2], [10, 11, 12, 13, 14, 15]],
      "layer1.mi": ["float32", [3, 2], [20, 21, 22, 23, 24, 25]],
      "layer1.correlation": ["float32", [3, 2], [30, 31, 32, 33, 34, 35]],
      "layer1.intersection": ["uint32", [3, 2], [40, 41, 42, 43, 44, 45]],
      "layer1.activation": ["uint32", [1, 2], [50, 51]],
      "layer1.level": ["float32", [2], [0.5, 0.25]],
      "layer1.top_image": ["uint32", [2, 1], [7, 2 ** 32]], // NO_IMAGE, read as float32
      "layer1.top_activation": ["float32", [2, 1], [2, Number.NaN]],
    });
  });
});

test("counts in blocks are a file of their own, where there are any", async () => {
  expect(toBlocks(dissection)).toBeUndefined();
  const blocks = {
    count: 2,
    labels: [1, 3],
    pixels: Uint32Array.of(1, 2, 3, 2 ** 31),
    categoryPixels: Uint32Array.of(10, 11, 12, 13),
  };
  const layer = layerOf([{}, {}, {}], 6);
  const tables = {
    intersection: Uint32Array.from({ length: 2 * 2 * 3 }, (_, i) => i),
    activation: Uint32Array.from({ length: 2 * 2 * 3 }, (_, i) => 100 + i),
  };
  const bytes = toBlocks({
    ...dissection,
    blocks,
    layers: [{ ...layer, tables: { ...layer.tables, blocks: tables } }],
  })!;
  const { tensors, metadata } = await openSafetensors(await openSource(bytes));
  expect(metadata["format"]).toBe("ganatomy-blocks-1");
  const found = new Map<string, unknown>();
  for (const [name, one] of tensors) found.set(name, [one.shape, [...(await one.read())]]);
  expect(found).toEqual(
    new Map<string, unknown>([
      ["labels", [[2], [1, 3]]],
      [
        "label_pixels",
        [
          [2, 2],
          [1, 2, 3, 2 ** 31],
        ],
      ],
      [
        "category_pixels",
        [
          [2, 2],
          [10, 11, 12, 13],
        ],
      ],
      ["layer1.intersection", [[2, 2, 3], [...tables.intersection]]],
      ["layer1.activation", [[2, 2, 3], [...tables.activation]]],
    ]),
  );
});
