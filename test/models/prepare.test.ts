import { readFileSync } from "node:fs";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type Device, Generator } from "../../src/index.ts";
import { prepare } from "../../src/models/prepare.ts";
import { shownPlan } from "../../src/session/stage.ts";
import { requestDevice } from "../gpu.ts";

const TINY = readFileSync(new URL("../golden/progan-tiny.zip.pth", import.meta.url));

let device: Device;
beforeAll(async () => {
  device = await requestDevice();
});
afterAll(() => device.dispose());

it("compiles what a plan runs before the weights are there, and the plan nothing more", async () => {
  const compiled: (string | undefined)[] = [];
  const { gpu } = device;
  const compile = gpu.createComputePipelineAsync.bind(gpu);
  gpu.createComputePipelineAsync = (what) => {
    compiled.push(what.label);
    return compile(what);
  };
  const plan = shownPlan(undefined);
  let bytes = -1;
  using generator = await Generator.load(TINY, { device }, (known) => {
    prepare(known, plan);
    bytes = known.bytes;
  });
  expect(bytes).toBe(0);
  expect(generator.bytes).toBeGreaterThan(0);
  const prepared = [...compiled];
  expect(prepared).toContain("bytes");
  using shown = await generator.compile(plan);
  expect(compiled).toEqual(prepared);
  shown.run(generator.sample({ size: 1, seed: 1 }));
  expect((await shown.rgba!.read()).some((pixel) => pixel !== 0xff000000)).toBe(true);
});
