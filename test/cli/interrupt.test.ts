import { afterEach, beforeEach, expect, type MockInstance, test, vi } from "vitest";
import { Interrupted, type Interruption, onInterrupt } from "../../src/cli/interrupt.ts";

let interruption: Interruption;
let exit: MockInstance<typeof process.exit>;
const notes: string[] = [];
beforeEach(() => {
  notes.length = 0;
  vi.useFakeTimers({ toFake: ["performance"] });
  exit = vi.spyOn(process, "exit").mockImplementation((() => {}) as () => never);
  interruption = onInterrupt((text) => notes.push(text));
});
afterEach(() => {
  interruption.release();
  exit.mockRestore();
  vi.useRealTimers();
});

test.each(["SIGINT", "SIGTERM"] as const)("the first %s aborts, and says so once", (signal) => {
  expect(interruption.signal.aborted).toBe(false);
  process.emit(signal);
  expect(interruption.signal.reason).toBeInstanceOf(Interrupted);
  expect(interruption.signal.reason.name).toBe("AbortError");
  expect(notes).toEqual([expect.stringMatching(/^Stopping\. .*press Ctrl-C again/)]);
});

test("a server says nothing of what would be written", () => {
  interruption.release();
  interruption = onInterrupt((text) => notes.push(text), "Stopping");
  process.emit("SIGINT");
  expect(notes).toEqual(["Stopping; press Ctrl-C again to quit at once."]);
});

test.each(["SIGTERM", "SIGHUP"] as const)("%s ends the program within two seconds, wherever it is", (signal) => {
  vi.useFakeTimers({ toFake: ["performance", "setTimeout", "clearTimeout"] });
  const done: string[] = [];
  interruption.beforeQuit(() => done.push("unlocked"));
  process.emit(signal);
  expect([exit.mock.calls, done]).toEqual([[], []]);
  vi.advanceTimersByTime(2000);
  expect([exit.mock.calls, done]).toEqual([[[130]], ["unlocked"]]);
});

test("one that is done before is not ended", () => {
  vi.useFakeTimers({ toFake: ["performance", "setTimeout", "clearTimeout"] });
  process.emit("SIGTERM");
  interruption.release();
  vi.advanceTimersByTime(60_000);
  expect(exit).not.toHaveBeenCalled();
});

test("npm hands one press on a second time: that is not a second one", () => {
  process.emit("SIGINT");
  vi.advanceTimersByTime(400);
  process.emit("SIGINT");
  expect(exit).not.toHaveBeenCalled();
  vi.advanceTimersByTime(1);
  process.emit("SIGINT");
  expect(exit.mock.calls).toEqual([[130]]);
  expect(notes).toHaveLength(1);
});

test("a second one in a program that has run for long is one only after a while, too", () => {
  vi.advanceTimersByTime(60_000);
  process.emit("SIGINT");
  vi.advanceTimersByTime(400);
  process.emit("SIGINT");
  expect(exit).not.toHaveBeenCalled();
  vi.advanceTimersByTime(1);
  process.emit("SIGINT");
  expect(exit.mock.calls).toEqual([[130]]);
});

test("what was registered is done before a second one ends the program, which nothing keeps", () => {
  const done: string[] = [];
  interruption.beforeQuit(() => done.push("first"));
  interruption.beforeQuit(() => {
    done.push("second");
    throw new Error("no disk");
  });
  process.emit("SIGINT");
  expect(done).toEqual([]);
  vi.advanceTimersByTime(1000);
  // it never returns where exit is not a stand-in
  expect(() => process.emit("SIGINT")).toThrow("no disk");
  expect(done).toEqual(["first", "second"]);
  expect(exit.mock.calls).toEqual([[130]]);
});

test("released, it listens no more", () => {
  interruption.release();
  expect([process.listeners("SIGINT"), process.listeners("SIGTERM")].flat()).toHaveLength(0);
  process.on("SIGINT", () => {});
  process.emit("SIGINT");
  process.removeAllListeners("SIGINT");
  expect(interruption.signal.aborted).toBe(false);
});
