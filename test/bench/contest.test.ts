import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { type Entry, race } from "../../bench/contest.ts";

beforeEach(() => void vi.useFakeTimers({ toFake: ["performance"] }));
afterEach(() => {
  vi.useRealTimers();
  globalThis.cpuMilliseconds = undefined;
});

/** Somebody whose every run takes so many milliseconds, and writes himself down. */
const entryOf = (name: string, ms: number, log: string[] = []): Entry => {
  const device = { features: new Set<string>() } as unknown as GPUDevice;
  const runner = { run: () => void log.push(name), output: async () => new Float32Array(), dispose: () => {} };
  const idle = async () => void vi.advanceTimersByTime(ms);
  const first = { wall: ms, gpu: null, cpu: null };
  return { contestant: { name, device, prepare: async () => runner, idle }, runner, first };
};

describe("a race's rounds are", () => {
  test.each([
    ["three, of runs that take seconds", [2000, 3000], 1, 3],
    ["fewer, where those would take half a minute: as many as are wanted", [14_000, 17_000], 2, 2],
    ["… or one", [14_000, 17_000], 1, 1],
    ["one, where one takes a minute", [31_000, 40_000], 2, 1],
    ["as many as take five seconds, of short ones", [300, 1], 2, 17],
  ])("%s", async (_, times, least, rounds) => {
    const [first] = await race(
      times.map((ms, i) => entryOf(`${i}`, ms)),
      least,
    );
    expect(first!.samples).toBe(rounds);
    expect(first!.median).toBe(times[0]);
  });

  test("in turns, and a run of a minute is not repeated", async () => {
    const log: string[] = [];
    const timings = await race([entryOf("a", 61_000, log), entryOf("b", 1000, log), entryOf("c", 1000, log)], 2);
    expect(timings.map(({ samples }) => samples)).toEqual([1, 3, 3]);
    expect(log.join("")).toBe("bcbcbc");
    expect(timings[0]!.median).toBe(61_000);
  });
});

describe("a race's CPU time is", () => {
  test("each racer's own, a run's, and the median", async () => {
    // Of two threads: for a millisecond by the clock, two.
    globalThis.cpuMilliseconds = async () => 2 * performance.now();
    const [a, b] = await race([entryOf("a", 100), entryOf("b", 4)], 1);
    expect(a!.cpu).toBe(200);
    expect(b!.cpu).toBeCloseTo(2 * b!.median); // of which many make a sample
  });

  test("of a library without a device too", async () => {
    globalThis.cpuMilliseconds = async () => performance.now();
    const { contestant, ...entry } = entryOf("wasm", 300);
    const [first] = await race([{ ...entry, contestant: { ...contestant, device: undefined } }], 1);
    expect(first).toMatchObject({ median: 300, cpu: 300, gpu: null });
  });

  test("unknown where nobody tells", async () => {
    vi.stubGlobal("process", undefined);
    try {
      const [first] = await race([entryOf("a", 300)], 1);
      expect(first!.cpu).toBeNull();
    } finally {
      vi.unstubAllGlobals();
    }
  });
});
