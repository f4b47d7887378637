import { describe, expect, test } from "vitest";
import { NO_IMAGE, toTensors } from "../../src/report/tensors.ts";
import { openSource } from "../../src/weights/open.ts";
import { openSafetensors } from "../../src/weights/safetensors.ts";
import { fixture, LABELS } from "./fixture.ts";

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
  });
});
