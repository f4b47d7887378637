import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { Beat } from "../../src/runtime/beat.ts";
import { Device } from "../../src/runtime/device.ts";
import { Tensor } from "../../src/runtime/tensor.ts";
import { requestDevice } from "../gpu.ts";

const FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:153.0) Gecko/20100101 Firefox/153.0";

beforeEach(() => void vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] }));
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

/** A promise that the test settles; Node 20 has no `Promise.withResolvers`. */
function deferred<T>() {
  let resolve!: (value: T) => void;
  let reject!: (reason: Error) => void;
  const promise = new Promise<T>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}

/** A queue that counts what is submitted, and promises that the test settles. */
function fakeGpu() {
  const submit = vi.fn();
  const lost = deferred<{ message: string }>();
  const gpu = {
    queue: { submit, onSubmittedWorkDone: () => done.promise },
    lost: lost.promise,
    limits: {},
    destroy: vi.fn(),
  };
  const done = deferred<void>();
  return { gpu: gpu as unknown as GPUDevice, submit, done, lost };
}

/** What was submitted in the next so many milliseconds. */
function beats(submit: ReturnType<typeof fakeGpu>["submit"], ms: number): number {
  submit.mockClear();
  vi.advanceTimersByTime(ms);
  return submit.mock.calls.length;
}

describe("a beat", () => {
  test("is quick at first, then steady, of nothing", () => {
    const { gpu, submit } = fakeGpu();
    new Beat(gpu).during(new Promise(() => {}));
    expect(beats(submit, 0)).toBe(0);
    expect(beats(submit, 5)).toBe(5);
    expect(submit).toHaveBeenCalledWith([]);
    expect(beats(submit, 400)).toBe(100);
  });

  test("ends with the last of those awaited, failed ones too, and begins anew", async () => {
    const { gpu, submit } = fakeGpu();
    const beat = new Beat(gpu);
    const [one, two] = [deferred<number>(), deferred<void>()];
    const given = beat.during(one.promise);
    const failing = beat.during(two.promise);
    expect(beats(submit, 40)).toBeGreaterThan(0);
    one.resolve(7);
    expect(await given).toBe(7);
    expect(beats(submit, 40)).toBe(10);
    two.reject(new Error("unmapped"));
    await expect(failing).rejects.toThrow("unmapped");
    expect(vi.getTimerCount()).toBe(0);
    expect(beats(submit, 1000)).toBe(0);
    beat.during(new Promise(() => {}));
    expect(beats(submit, 5)).toBe(5);
  });

  test("is quick again for who comes later", () => {
    const { gpu, submit } = fakeGpu();
    const beat = new Beat(gpu);
    beat.during(new Promise(() => {}));
    vi.advanceTimersByTime(1005);
    beat.during(new Promise(() => {}));
    expect(beats(submit, 8)).toBe(5);
  });

  test("is one, however many are awaited", () => {
    const { gpu, submit } = fakeGpu();
    const beat = new Beat(gpu);
    for (let i = 0; i < 5; i += 1) beat.during(new Promise(() => {}));
    expect(vi.getTimerCount()).toBe(1);
    expect(beats(submit, 5)).toBe(5);
  });

  test("that was stopped stays so, while something is awaited and afterwards", () => {
    const { gpu, submit } = fakeGpu();
    const beat = new Beat(gpu);
    beat.during(new Promise(() => {}));
    beat.stop();
    expect(vi.getTimerCount()).toBe(0);
    beat.during(new Promise(() => {}));
    expect(beats(submit, 1000)).toBe(0);
  });
});

describe("a device", () => {
  test.each([
    ["Firefox", FIREFOX, true],
    [
      "Chrome",
      "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36",
      false,
    ],
    [
      "Firefox on iOS, which is WebKit",
      "Mozilla/5.0 (iPhone; CPU iPhone OS 26_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) FxiOS/153.0 Mobile/15E148 Safari/605.1.15",
      false,
    ],
    ["Node", "Node.js/24", false],
    ["Deno", "Deno/2.9.6", false],
    ["a host that does not say", undefined, false],
  ])("in %s", async (_, userAgent, does) => {
    vi.stubGlobal("navigator", { userAgent });
    const { gpu, submit, done } = fakeGpu();
    const device = Device.adopt(gpu);
    expect(beats(submit, 100)).toBe(0);
    const idle = device.idle();
    expect(beats(submit, 100) > 0).toBe(does);
    done.resolve();
    await idle;
    expect(beats(submit, 100)).toBe(0);
  });

  test("without a navigator does not", () => {
    vi.stubGlobal("navigator", undefined);
    const { gpu, submit } = fakeGpu();
    void Device.adopt(gpu).idle();
    expect(beats(submit, 100)).toBe(0);
  });

  test("beats while it reads, however long that takes, and the numbers come", async () => {
    vi.useRealTimers();
    using owner = await requestDevice();
    vi.stubGlobal("navigator", { userAgent: FIREFOX });
    const pause = () => new Promise((resolve) => setTimeout(resolve, 30));
    const create = owner.gpu.createBuffer.bind(owner.gpu);
    vi.spyOn(owner.gpu, "createBuffer").mockImplementation((descriptor) => {
      const buffer = create(descriptor);
      const map = buffer.mapAsync.bind(buffer);
      return Object.assign(buffer, { mapAsync: (mode: number) => map(mode).then(pause) });
    });
    const submit = vi.spyOn(owner.gpu.queue, "submit");
    const nothing = () => submit.mock.calls.filter(([buffers]) => [...buffers].length === 0).length;
    using tensor = Tensor.from(Device.adopt(owner.gpu), "x", [2], "f32", Float32Array.of(1, 2));
    expect(await tensor.read()).toEqual(Float32Array.of(1, 2));
    const counted = nothing();
    expect(counted).toBeGreaterThan(0);
    await pause();
    expect(nothing()).toBe(counted);
  });

  test("that is lost, or disposed, no longer beats for what never settles", async () => {
    vi.stubGlobal("navigator", { userAgent: FIREFOX });
    const first = fakeGpu();
    const idle = Device.adopt(first.gpu).idle();
    expect(beats(first.submit, 100)).toBeGreaterThan(0);
    first.lost.resolve({ message: "" });
    await expect(idle).rejects.toThrow(/lost/);
    expect(beats(first.submit, 1000)).toBe(0);

    const second = fakeGpu();
    const device = Device.adopt(second.gpu);
    void device.idle();
    expect(beats(second.submit, 100)).toBeGreaterThan(0);
    device.dispose();
    expect(beats(second.submit, 1000)).toBe(0);
  });
});
