import { getEventListeners } from "node:events";
import { expect, it, vi } from "vitest";
import { abortable, turn } from "../../src/weights/abort.ts";
import { failure } from "./fixtures.ts";

const never = new Promise<never>(() => {});

it("settles like its promise", async () => {
  const { signal } = new AbortController();
  expect(await abortable(Promise.resolve(3), signal)).toBe(3);
  expect((await failure(abortable(Promise.reject(new Error("no")), signal))).message).toBe("no");
  expect(await abortable(Promise.resolve(4), undefined)).toBe(4);
});

it("rejects with the reason, also when the signal had aborted before", async () => {
  const controller = new AbortController();
  const both = Promise.all([
    failure(abortable(never, controller.signal)),
    failure(abortable(never, controller.signal)),
  ]);
  controller.abort(new Error("enough"));
  expect((await both).map(({ message }) => message)).toEqual(["enough", "enough"]);
  expect((await failure(abortable(never, controller.signal))).message).toBe("enough");
});

it("many at once share one listener, and none is left behind", async () => {
  const { signal } = new AbortController();
  const many = Array.from({ length: 30 }, (_, i) => abortable(Promise.resolve(i), signal));
  expect(getEventListeners(signal, "abort").length).toBe(1);
  await Promise.all(many);
  await new Promise((resolve) => setTimeout(resolve));
  expect(getEventListeners(signal, "abort").length).toBe(0);
});

it("others have their turn also after the clock was set back, as fake ones are", async () => {
  const clock = vi.spyOn(performance, "now").mockReturnValue(1e9);
  try {
    await turn(undefined);
    clock.mockReturnValue(1000);
    let others = 0;
    setImmediate(() => (others += 1));
    await turn(undefined);
    expect(others).toBe(1);
  } finally {
    clock.mockRestore();
  }
});
