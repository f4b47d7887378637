import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { UnsupportedError } from "../../src/errors.ts";
import type { Device } from "../../src/runtime/device.ts";
import { Graph } from "../../src/runtime/graph.ts";
import { Plan } from "../../src/runtime/plan.ts";
import { tune } from "../../src/runtime/tune.ts";
import { Tuning } from "../../src/runtime/tuning.ts";

// Timing as it would go on a device whose ways take just so long: time passes only while plans run.

let now = 0;
/** What was run, one line a sample: the way, and how many times. */
let samples: string[] = [];
let warned: string[] = [];
const warn = (message: string) => void warned.push(message);
beforeEach(() => {
  [now, samples, warned] = [0, [], []];
  vi.spyOn(performance, "now").mockImplementation(() => now);
});
afterEach(() => void vi.restoreAllMocks());

interface Race {
  /** Milliseconds of a run, by way; or one run after the other, the last for good. */
  readonly ways: Readonly<Record<string, number | readonly number[]>>;
  /** Elements that the operation needs for each image, by way. */
  readonly elements?: Readonly<Record<string, number>>;
  readonly limit?: number;
  readonly operations?: readonly string[];
}

/** Tunes the operations, and tells their ways and of how many images each compiled plan was. */
async function race({ ways, elements = {}, limit = 2 ** 31, operations = ["op"] }: Race) {
  const plans: string[] = [];
  let running: string[] = [];
  const runs = new Map<string, number>();
  vi.spyOn(Plan, "compile").mockImplementation(async (_, graph) => {
    const { label, shape } = graph.values[0]!;
    const way = label.split(" ")[1]!;
    plans.push(`${label} ${shape[0]}`);
    if (way === "broken") throw new UnsupportedError("limit", "Too much workgroup memory.", "");
    const run = () => {
      const times = [ways[way]!].flat();
      const index = runs.get(way) ?? 0;
      now += times[Math.min(index, times.length - 1)]!;
      runs.set(way, index + 1);
      running.push(way);
    };
    return { run, dispose() {} } as unknown as Plan;
  });
  const adapter = { vendor: "", architecture: "", description: "", software: false };
  const tuning = new Tuning(adapter, {
    tune: true,
    tuningCache: { match: async () => undefined, put: async () => {} },
  });
  const idle = async () => {
    samples.push(`${running[0]} × ${running.length}`);
    expect(new Set(running).size).toBe(1);
    running = [];
  };
  const limits = { maxStorageBufferBindingSize: limit, maxBufferSize: limit };
  const device = { target: "gpu", tuning, tuned: tuning.tuned, gpu: { limits }, idle, check() {}, warn };
  await tune(device as unknown as Device, () => {
    const graph = new Graph("gpu");
    for (const name of operations) {
      const append = (target: Graph, images: number): void => {
        const named = new Map(Object.keys(ways).map((way) => [way, way]));
        const way = target.choose(name, named, (other, count) => append(other, count));
        target.value(`${name} ${way}`, [images, elements[way] ?? 1]);
      };
      append(graph, 1);
    }
    return graph;
  });
  return { ways: Object.fromEntries(tuning.tuned), plans };
}

describe("a sample", () => {
  test("takes runs until they last 4 ms, after one that is not counted", async () => {
    await race({ ways: { a: 1, b: 10 } });
    // The first of all runs, then as many as make a sample.
    expect(samples).toEqual(["a × 1", "a × 1", "a × 2", "a × 4", "b × 1", "b × 1"]);
  });

  test.each([
    [4, 1],
    [3.99, 2],
    [2, 2],
    [0.0626, 64],
    [0.001, 64],
  ])("of %d ms a run has %d", async (ms, runs) => {
    await race({ ways: { a: ms, b: 100 } });
    expect(samples.filter((sample) => sample.startsWith("a")).at(-1)).toBe(`a × ${runs}`);
  });
});

describe("a way", () => {
  test("is chosen by the least of three samples, in turns with the best", async () => {
    // Slow in its warm-up and twice after it, then fast once.
    const { ways } = await race({ ways: { a: 10, b: [19, 19, 19, 19, 9] } });
    expect(samples).toEqual([
      ...["a × 1", "a × 1", "b × 1", "b × 1"],
      ...["a × 1", "b × 1", "a × 1", "b × 1", "a × 1", "b × 1"],
    ]);
    expect(ways).toEqual({ op: "b" });
    const late = await race({ ways: { a: 10, b: [19, 19, 19, 19, 19, 9] } });
    expect(late.ways).toEqual({ op: "a" });
  });

  test("is compared with the least of the best one's samples", async () => {
    const { ways } = await race({ ways: { a: [20, 20, 20, 10, 20], b: 15 } });
    expect(ways).toEqual({ op: "a" });
  });

  test.each([
    [9.69, "b"],
    [9.71, "a"],
  ])("of %d ms beside one of 10: %s is chosen", async (ms, way) => {
    expect((await race({ ways: { a: 10, b: ms } })).ways).toEqual({ op: way });
  });

  test.each([
    [20, 6],
    [20.1, 0],
  ])("of %d ms after its warm-up, twice the best one's 10, is timed in %d more samples", async (ms, more) => {
    await race({ ways: { a: 10, b: ms } });
    expect(samples.length).toBe(4 + more);
  });

  test("that does not compile is passed over, and the first can be it", async () => {
    expect((await race({ ways: { broken: 1, a: 10, b: 5 } })).ways).toEqual({ op: "b" });
    expect((await race({ ways: { a: 10, broken: 1, b: 5 } })).ways).toEqual({ op: "b" });
  });

  test("that takes no time at all is not chosen", async () => {
    expect((await race({ ways: { a: 10, b: [10, 10, 0] } })).ways).toEqual({ op: "a" });
  });
});

describe("time", () => {
  test("is over after three seconds, between two operations", async () => {
    // Each operation takes 4 warm-ups and 6 samples of 100 ms.
    const operations = ["o1", "o2", "o3", "o4"];
    const { plans } = await race({ ways: { a: 100, b: 100 }, operations });
    expect(plans).toEqual(["o1 a 4", "o1 b 4", "o2 a 4", "o2 b 4", "o3 a 4", "o3 b 4"]);
    expect(samples).toHaveLength(30);
  });

  test("and also between two ways, of which the best so far is taken", async () => {
    const { ways, plans } = await race({ ways: { a: 400, b: 200, c: 1 } });
    expect(plans).toEqual(["op a 4", "op b 4"]);
    expect(ways).toEqual({ op: "b" });
  });

  test("also within a comparison, which then tells nothing", async () => {
    expect((await race({ ways: { a: 500, b: 250 } })).ways).toEqual({ op: "a" });
  });
});

describe("an operation", () => {
  const [MIB, HALF] = [2 ** 20 / 4, 256];

  test("is timed with four images where all ways fit into half of 512 MiB", async () => {
    const fitting = { a: (HALF / 4) * MIB, b: 1 };
    expect((await race({ ways: { a: 5, b: 5 }, elements: fitting })).plans).toEqual(["op a 4", "op b 4"]);
    const larger = { a: 1, b: (HALF / 4) * MIB + 1 };
    expect((await race({ ways: { a: 5, b: 5 }, elements: larger })).plans).toEqual(["op a 1", "op b 1"]);
  });

  test("is not timed in a way that does not fit with one image", async () => {
    const elements = { a: HALF * MIB + 1, b: HALF * MIB, c: 1 };
    const { ways, plans } = await race({ ways: { a: 1, b: 5, c: 9 }, elements });
    expect(plans).toEqual(["op b 1", "op c 1"]);
    expect(ways).toEqual({ op: "b" });
  });

  test("nor where a buffer is larger than the device's", async () => {
    const elements = { a: 1025, b: 1024 };
    expect((await race({ ways: { a: 1, b: 5 }, elements, limit: 4096 })).plans).toEqual(["op b 1"]);
  });

  test("that fits in no way stays as it is", async () => {
    const { ways, plans } = await race({ ways: { a: 5, b: 1 }, elements: { a: 2000, b: 2000 }, limit: 4096 });
    expect([plans, ways]).toEqual([[], { op: "a" }]);
  });
});

test("without the part that times, operations run in their first way, and it is said", async () => {
  vi.doMock("../../src/runtime/race.ts", () => {
    throw new Error("404");
  });
  try {
    expect(await race({ ways: { a: 5, b: 1 } })).toEqual({ ways: { op: "a" }, plans: [] });
    expect(warned).toEqual([expect.stringContaining("Serve the whole `dist` folder")]);
  } finally {
    vi.doUnmock("../../src/runtime/race.ts");
  }
});
