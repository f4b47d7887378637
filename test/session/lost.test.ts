import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { DeviceLostError, UnsupportedError } from "../../src/errors.ts";
import { init } from "../../src/load.ts";
import { findGpu } from "../../src/node/gpu.ts";
import { nodeEncoder } from "../../src/node/photo/encoder.ts";
import type { Device } from "../../src/runtime/device.ts";
import { createSession } from "../../src/session/in-process.ts";
import type { Session, SessionEvents } from "../../src/session/session.ts";
import type { Source } from "../../src/weights/source.ts";
import { canvasOf, FakeCanvas } from "./canvas.ts";
import { inProcess, type Place, scenes64 } from "./places.ts";

/** Losses of a test are not in a row with those of the test before, by this clock. */
const now = performance.now.bind(performance);
let skipped = 0;
beforeEach(() => {
  skipped += 120_000;
  vi.spyOn(performance, "now").mockImplementation(() => now() + skipped);
});

let place: Place;
let session: Session;
beforeAll(async () => {
  place = inProcess();
  session = place.session;
  await session.load(await scenes64());
});
afterAll(() => place?.close());

const once = <Type extends keyof SessionEvents>(type: Type): Promise<SessionEvents[Type]> =>
  new Promise((resolve) => {
    const end = session.on(type, (event) => {
      end();
      resolve(event);
    });
  });

test("a device that is lost while somebody paints comes back with the same picture", async () => {
  const canvas = new FakeCanvas();
  const strokes = [
    { id: "a", op: "draw", units: [24, 59], value: 4, mask: { size: [8, 8], cells: [10, 20] } },
  ] as const;
  const view = session.view(canvasOf(canvas), { image: 3, layer: "layer4", strokes });
  const rendered = (id: string) =>
    new Promise<void>((resolve) => {
      const end = view.on("rendered", (event) => {
        if (event.id !== id) return;
        end();
        resolve();
      });
    });
  view.stroke(strokes[0]);
  await rendered("a");
  const before = await canvas.rgb();

  const [lost, restored] = [once("lost"), once("restored")];
  const drawnAgain = rendered("b");
  // What a driver that restarts does to the page, as far as the page can tell.
  place.devices[0]!.gpu.destroy();
  view.stroke({ id: "b", op: "remove", units: [3] });
  expect((await lost).error).toBeInstanceOf(DeviceLostError);
  expect((await restored).adapter).toEqual(place.devices[1]!.adapter);
  await drawnAgain;
  expect(place.devices).toHaveLength(2);
  expect(canvas.configured).toBe(2);
  const after = await canvas.rgb();
  expect(after).not.toEqual(before);

  const back = rendered("a");
  view.set({ strokes });
  await back;
  expect(await canvas.rgb()).toEqual(before);
  view.dispose();
});

test("questions of the time between wait, and are answered", async () => {
  const strokes = [{ id: "a", op: "remove", units: [24, 59] }] as const;
  const [pixel, effect] = [
    { y: 3, x: 4, image: 2, layer: "layer4", strokes },
    { layer: "layer4", strokes },
  ];
  const expected = [await session.pixel(pixel), await session.effect(effect)];
  const lost = once("lost");
  place.devices.at(-1)!.gpu.destroy();
  await lost;
  expect([await session.pixel(pixel), await session.effect(effect)]).toEqual(expected);
});

test("what was being counted is rejected, and no progress is left standing", async () => {
  const counting = once("progress");
  const levels = session.levels({ layer: "layer6", quantiles: [0.5] });
  expect(await counting).toMatchObject({ phase: "quantiles", done: 0 });
  const [ended, restored] = [once("progress"), once("restored")];
  place.devices.at(-1)!.gpu.destroy();
  await expect(levels).rejects.toBeInstanceOf(DeviceLostError);
  const { done, total } = await ended;
  expect(done).toBe(total);
  await restored;
});

test("a dissection begins again, and finds the same", async () => {
  const options = { layers: ["layer4"], size: 40, quantileThreshold: 0.05 };
  const found = async (lose?: () => void) => {
    const phases: string[] = [];
    let next = lose;
    for await (const event of session.dissect(options)) {
      if (event.type === "result") return { report: event.report, phases };
      if (event.type !== "progress") continue;
      phases.push(`${event.phase} ${event.done}`);
      if (event.phase === "scores") {
        next?.();
        next = undefined;
      }
    }
    throw new Error("It has no result.");
  };
  const whole = await found();
  const again = await found(() => place.devices.at(-1)!.gpu.destroy());
  expect(again.report).toEqual(whole.report);
  expect(again.phases.length).toBeGreaterThan(whole.phases.length);
  expect(again.phases.at(-1)).toBe(whole.phases.at(-1));
});

/** Bytes as a source; something happens before each of its reads. */
function sourceOf(bytes: ArrayBuffer, before: (read: number) => void | Promise<void>): Source {
  let reads = 0;
  return {
    name: "a file",
    size: bytes.byteLength,
    read: async (start, end) => {
      reads += 1;
      await before(reads);
      return new Uint8Array(bytes, start, end - start);
    },
  };
}
const lose = (): void => place.devices.at(-1)!.gpu.destroy();

test("what is being loaded meanwhile is loaded all the same, and stays", async () => {
  const { generator } = await scenes64();
  let [restored, bringBack] = [once("restored"), () => {}];
  let wait: Promise<void> | undefined;
  await session.load({
    generator: sourceOf(generator, (read) => (read === 4 ? lose() : wait)),
    name: "during",
  });
  await restored;
  wait = new Promise((resolve) => (bringBack = resolve));
  restored = once("restored");
  const report = new TextEncoder().encode(JSON.stringify({ netname: "after", layers: [] })).buffer;
  await session.load({ report: sourceOf(report, lose), generator, name: "after" });
  bringBack();
  await restored;
  expect((await session.load({})).model?.name).toBe("after");
  expect((await session.picture()).data).toHaveLength(64 * 64 * 4);
});

test("one that draws each time and is lost soon after is given up, too, but not one that holds", async () => {
  await place.close();
  place = inProcess();
  session = place.session;
  await session.load(await scenes64());
  const failed: string[] = [];
  session.on("error", ({ error }) => failed.push(error.message));
  const view = session.view(canvasOf(new FakeCanvas()), { image: 3 });
  const drawn = () =>
    new Promise<void>((resolve) => {
      const end = view.on("rendered", () => resolve(end()));
    });
  await drawn();
  // Once in a while, and drawn between: that can go on for ever.
  for (let i = 0; i < 6; i += 1) {
    skipped += 61_000;
    const again = drawn();
    lose();
    await again;
  }
  expect([place.devices.length, failed]).toEqual([7, []]);
  skipped += 61_000;
  for (let i = 0; i < 3; i += 1) {
    const again = drawn();
    lose();
    await again;
  }
  expect(failed).toEqual([]);
  const error = once("error");
  lose();
  expect((await error).error).toMatchObject({
    code: "device-lost",
    message: expect.stringMatching(/lost 4 times/),
    fix: expect.stringMatching(/fewer pictures at once, update the graphics driver/),
  });
  expect(place.devices).toHaveLength(10);
  await place.close();
});

test("one that is lost again and again without having drawn is given up, which is said", async () => {
  place = inProcess();
  session = place.session;
  await session.load(await scenes64());
  const error = once("error");
  session.on("restored", () => place.devices.at(-1)!.gpu.destroy());
  place.devices.at(-1)!.gpu.destroy();
  expect((await error).error.message).toMatch(/lost 4 times, each soon after the one before/);
  await expect(session.picture()).rejects.toThrow();
});

describe("where there is no adapter", () => {
  /** Asks in vain so often for another device. */
  function failing(times: number) {
    const devices: Device[] = [];
    let left = times;
    const session = createSession({
      device: async () => {
        if (devices.length > 0 && left > 0) {
          left -= 1;
          throw new UnsupportedError("no-adapter", "There is no adapter.", "Turn it on.");
        }
        devices.push(await init({ gpu: await findGpu() }));
        return devices.at(-1)!;
      },
      encoder: nodeEncoder(),
    });
    return { session, devices };
  }

  test("for a moment, as after a crash of the browser's own, it is asked for again", async () => {
    const { session: own, devices } = failing(2);
    await own.load(await scenes64());
    const before = await own.picture({ image: 2 });
    const errors = vi.fn();
    own.on("error", errors);
    const restored = new Promise((resolve) => own.on("restored", resolve));
    devices[0]!.gpu.destroy();
    await restored;
    expect(await own.picture({ image: 2 })).toEqual(before);
    expect([errors.mock.calls.length, devices.length]).toEqual([0, 2]);
    own.dispose();
  });

  test("for longer, it is said, and what is loaded later brings what was there along", async () => {
    const { session: own, devices } = failing(6);
    const { generator, segmenter, name } = await scenes64();
    await own.load({ generator, name });
    const error = new Promise<SessionEvents["error"]>((resolve) => own.on("error", resolve));
    devices[0]!.gpu.destroy();
    expect((await error).error.code).toBe("no-adapter");
    await expect(own.picture()).rejects.toThrow();
    await own.load({ segmenter });
    const edited = { image: 3, layer: "layer4", strokes: [{ id: "a", op: "remove", units: [24, 59] }] } as const;
    expect((await own.effect(edited)).labels.length).toBeGreaterThan(0);
    expect(devices.length).toBe(2);
    own.dispose();
  }, 60_000);
});
