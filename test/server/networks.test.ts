import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { nodeEncoder } from "../../src/node/photo/encoder.ts";
import type { Device } from "../../src/runtime/device.ts";
import type { Handler, HandlerOptions } from "../../src/server/handler.ts";
import { createHandler } from "../../src/server/handler.ts";
import { requestDevice } from "../gpu.ts";
import { dissection, filesOf, get, json, openScenes, post, type Scenes } from "./scenes.ts";

let scenes: Scenes;
/** Those that the handler asked for. */
let made: Device[];
const device = async (): Promise<Device> => {
  const one = await requestDevice();
  made.push(one);
  return one;
};
beforeEach(async () => {
  scenes = await openScenes();
  made = [];
});
afterEach(() => scenes?.dispose());

/** Two projects of one generator, "a" and "b". */
function serving(options: Partial<HandlerOptions> = { device }): Handler {
  const { generator, segmenter } = scenes;
  const projects = ["a", "b"].map((name) => ({ name, generator, segmenter, dissection, files: filesOf({}) }));
  return createHandler({ projects, encoder: nodeEncoder(), ...options });
}
/** What a driver that restarts does, as far as a program can tell. */
const lose = ({ gpu }: Device): void => gpu.destroy();

const interventions = [{ ablations: [{ layer: "layer4", unit: 24, value: 3 }] }];
const generate = (project: string) => post("/api/generate", { project, ids: [3], interventions });

test("a device that is lost is replaced: the same pictures, one device for all projects", async () => {
  const handler = serving();
  const before = [await json(handler(generate("a"))), await json(handler(generate("b")))];
  lose(scenes.device);
  await scenes.device.lost;
  expect(await Promise.all(["a", "b"].map((name) => json(handler(generate(name)))))).toEqual(before);
  expect(made).toHaveLength(1);
  lose(made[0]!);
  expect(await json(handler(generate("b")))).toEqual(before[1]);
  expect(await json(handler(generate("a")))).toEqual(before[0]);
  expect(made).toHaveLength(2);
  const disposed = vi.spyOn(made[1]!, "dispose");
  handler.dispose();
  await vi.waitFor(() => expect(disposed).toHaveBeenCalled());
  expect(made[1]!.live.buffers).toBe(0);
});

test("what is under way begins anew", async () => {
  const handler = serving();
  const three = (project: string) => json(handler(post("/api/generate", { project, ids: [1, 2, 3], interventions })));
  const expected = await three("a");
  const { generator } = scenes;
  const compile = generator.compile.bind(generator);
  const spy = vi.spyOn(generator, "compile").mockImplementation(async (options) => {
    const plan = await compile(options);
    const run: typeof plan.run = (data) => {
      plan.run(data);
      // After two images of three.
      if (options.batch === 1) lose(scenes.device);
    };
    return { ...plan, run };
  });
  // Whose plans are not kept yet.
  expect((await three("b")).res).toEqual(expected.res);
  expect(spy).toHaveBeenCalled();
  expect(made).toHaveLength(1);
  handler.dispose();
});

test("quantiles are measured, and a dissection begins, on the other one", async () => {
  const handler = serving();
  lose(scenes.device);
  const levels = await json(handler(get("/api/levels?project=a&layer=layer4&quantiles=0.5")));
  expect(levels.res).toHaveLength(128);
  const events = await (await handler(get("/api/v1/dissect?project=b&layers=layer4&size=2"))).text();
  expect(events).toMatch(/event: result/);
  expect(made).toHaveLength(1);
  handler.dispose();
});

test("one that cannot be had is asked for again; without `device` it stays lost", async () => {
  const request = vi.fn(device).mockRejectedValueOnce(new Error("not now"));
  const handler = serving({ device: request });
  const lasting = serving({});
  lose(scenes.device);
  await scenes.device.lost;
  expect((await handler(generate("a"))).status).toBe(500);
  expect((await handler(generate("a"))).status).toBe(200);
  expect(request).toHaveBeenCalledTimes(2);
  for (const _ of [1, 2]) expect((await lasting(generate("a"))).status).toBe(503);
  handler.dispose();
  lasting.dispose();
});

test("devices that are lost one after the other are given up for this request only", async () => {
  let lost = true;
  const handler = serving({
    device: async () => {
      const one = await device();
      if (lost) lose(one);
      return one;
    },
  });
  lose(scenes.device);
  const refused = await handler(generate("a"));
  expect([refused.status, (await refused.json()).error.code]).toEqual([503, "device-lost"]);
  expect(made.length).toBeLessThan(6);
  lost = false;
  expect((await handler(generate("a"))).status).toBe(200);
  handler.dispose();
});

test("a handler that goes while a device is made for it leaves none", async () => {
  let give: ((device: Device) => void) | undefined;
  const handler = serving({
    device: () =>
      new Promise((resolve) => {
        give = resolve;
      }),
  });
  lose(scenes.device);
  await scenes.device.lost;
  const answer = handler(generate("a"));
  await vi.waitFor(() => expect(give).toBeDefined());
  handler.dispose();
  const one = await device();
  give!(one);
  expect((await answer).ok).toBe(false);
  expect(() => one.check()).toThrow(/disposed/);
});

test("a HEAD of a dissection leaves nobody working", async () => {
  const handler = serving();
  const asked = get("/api/v1/dissect?project=a&layers=layer4&size=2");
  const head = await handler(new Request(asked, { method: "HEAD" }));
  expect([head.status, await head.text()]).toEqual([200, ""]);
  const events = await handler(asked.clone());
  expect(events.status).toBe(200);
  expect(await events.text()).toMatch(/event: result/);
  handler.dispose();
});
