import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { packedWords, packLabels, unpackLabels } from "../../../src/kernels/readout/pack.ts";
import type { Device } from "../../../src/runtime/device.ts";
import { Graph } from "../../../src/runtime/graph.ts";
import { Plan } from "../../../src/runtime/plan.ts";
import { requestDevice } from "../../gpu.ts";
import { random } from "../../report/fixture.ts";

let device: Device;
beforeAll(async () => {
  device = await requestDevice();
});
afterAll(() => device?.dispose());

describe("packed labels", () => {
  // One; odd and even; more than one workgroup; more workgroups than one dimension of a grid has.
  test.each([1, 2, 65, 1000, 2 ** 23 + 3])("%i of them are halves of words, and come back", async (total) => {
    const graph = new Graph(device.target);
    const labels = graph.value("labels", [total], "u32");
    const halves = graph.value("halves", [packedWords(total)], "u32");
    const back = graph.value("back", [total], "u32");
    packLabels(graph, labels, halves);
    unpackLabels(graph, halves, back);
    const plan = await Plan.compile(device, graph, { keep: [halves, back] });
    const next = random(total);
    const data = Uint32Array.from({ length: total }, () => Math.floor(next() * 65_536));
    data[0] = 65_535;
    data[total - 1] = 65_535;
    plan.tensor<"u32">(labels).write(data);
    plan.run();
    const packed = new Uint16Array((await plan.tensor<"u32">(halves).read()).buffer);
    const unpacked = await plan.tensor<"u32">(back).read();
    plan.dispose();
    expect(Buffer.from(unpacked.buffer).equals(Buffer.from(data.buffer))).toBe(true);
    expect(packed.length).toBe(2 * Math.ceil(total / 2));
    expect(data.findIndex((label, at) => packed[at] !== label)).toBe(-1);
    if (total % 2 === 1) expect(packed.at(-1)).toBe(0);
  });

  test("do not lie in too few words", () => {
    const graph = new Graph(device.target);
    const [labels, halves] = [graph.value("labels", [5], "u32"), graph.value("halves", [2], "u32")];
    expect(() => packLabels(graph, labels, halves)).toThrow('5 labels are 3 words, and "halves" has 2');
    expect(() => unpackLabels(graph, halves, labels)).toThrow("5 labels are 3 words");
  });
});
