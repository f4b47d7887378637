import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { folderCache } from "../../src/node/cache.ts";
import { findGpu } from "../../src/node/gpu.ts";
import { Device } from "../../src/runtime/device.ts";
import { Graph } from "../../src/runtime/graph.ts";
import type { Kernel } from "../../src/runtime/kernel.ts";
import { Plan } from "../../src/runtime/plan.ts";
import { tune } from "../../src/runtime/tune.ts";

/**
 * Takes as long as its loop is, and one way of it does not compile. The slow way is slow enough to
 * be told from the quick one beside other work.
 */
const SPIN = {
  name: "spin",
  source: `const TURNS: u32 = 1;
@group(0) @binding(1) var<storage, read_write> y: array<u32>;
@compute @workgroup_size(64) fn main(@builtin(global_invocation_id) id: vec3u) {
  var v = id.x;
  for (var i = 0u; i < TURNS; i++) { v = v * 1664525u + 1013904223u; }
  y[id.x] = v;
}`,
  params: {},
  bindings: { y: "read_write" },
} as const satisfies Kernel as Kernel & { readonly choices?: { readonly TURNS?: number } };

const WAYS = new Map([
  ["slow", 24_000],
  ["quick", 10],
  ["broken", -1],
]);

/** Many ways that take next to no time. */
const SIX = new Map(Array.from({ length: 6 }, (_, i) => [`${i}`, i + 1]));

/** Appends the operation; `alone` hears whenever it is asked to stand alone. */
function spin(graph: Graph, name = "spin", alone: (other: Graph) => void = () => {}, ways = WAYS): void {
  const append = (target: Graph): void => {
    const y = target.value("y", [4096], "u32");
    const turns = target.choose(name, ways, (other) => {
      alone(other);
      append(other);
    });
    target.step(SPIN, { y }, {}, [64, 1, 1], { choices: { TURNS: turns }, flops: 1 });
  };
  append(graph);
}

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "ganatomy-tuning-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const request = async (options: Parameters<typeof Device.request>[0]): Promise<Device> =>
  Device.request({ gpu: await findGpu(), ...options });

/** Tunes for the operation, and tells which way of it graphs take then. */
async function wayOn(device: Device): Promise<{ way: string | undefined; tried: number; turns: unknown }> {
  let tried = 0;
  await tune(device, () => {
    const graph = new Graph(device.target);
    spin(graph, "spin", () => {
      tried += 1;
    });
    return graph;
  });
  const graph = new Graph(device.target, "f32", device.tuned);
  spin(graph);
  return { way: device.tuned.get("spin"), tried, turns: graph.steps[0]!.choices["TURNS"] };
}

/** Describes a graph of operations with these names. */
const graphOf =
  (...names: string[]) =>
  (): Graph => {
    const graph = new Graph("software");
    for (const name of names) spin(graph, name);
    return graph;
  };

afterEach(() => void vi.restoreAllMocks());

describe("tuning", () => {
  test("finds the fastest way, passes over one that does not run, and leaves no buffers", async () => {
    using device = await request({ tune: true });
    expect(await wayOn(device)).toMatchObject({ way: "quick", turns: 10 });
    expect(device.live).toEqual({ buffers: 0, bytes: 0 });
    expect((await wayOn(device)).tried).toBe(0);
  });

  test("is kept for the next device on such an adapter, and what is kept is no more than a hint", async () => {
    const tuningCache = folderCache(join(folder, "kept"));
    using first = await request({ tune: true, tuningCache });
    expect((await wayOn(first)).tried).toBeGreaterThan(0);
    using second = await request({ tune: true, tuningCache });
    expect(await wayOn(second)).toEqual({ way: "quick", tried: 0, turns: 10 });

    const [file] = await readdir(join(folder, "kept"));
    await writeFile(join(folder, "kept", file!), JSON.stringify({ spin: "sideways", other: 7 }));
    using third = await request({ tune: true, tuningCache });
    expect(await wayOn(third)).toMatchObject({ way: "quick", turns: 10 });
    expect(JSON.parse(await readFile(join(folder, "kept", file!), "utf8"))).toEqual({ spin: "quick" });
    await writeFile(join(folder, "kept", file!), "damaged");
    using fourth = await request({ tune: true, tuningCache });
    expect(await wayOn(fourth)).toMatchObject({ way: "quick" });
  });

  test("a cache that fails costs nothing but the time", async () => {
    const tuningCache = {
      match: () => Promise.reject(new Error("no disk")),
      put: () => Promise.reject(new Error("no space")),
    };
    using device = await request({ tune: true, tuningCache });
    expect(await wayOn(device)).toMatchObject({ way: "quick" });
  });

  test("is not done on a software adapter unless asked", async () => {
    using device = await request({});
    expect(await wayOn(device)).toEqual({ way: undefined, tried: 0, turns: 24_000 });
  });

  test("is repeated exactly on a device that is given what another found", async () => {
    using device = await request({ tune: { spin: "quick" } });
    expect(await wayOn(device)).toEqual({ way: "quick", tried: 0, turns: 10 });
  });

  test("also by a map, and nothing else is taken for ways", async () => {
    using first = await request({ tune: new Map([["spin", "quick"]]) });
    using second = await request({ tune: first.tuned });
    expect(await wayOn(second)).toEqual({ way: "quick", tried: 0, turns: 10 });
    using third = await request({ tune: null });
    expect(third.tuning.measures).toBe(!third.adapter.software);
    for (const tune of ["quick", 1, ["quick"], [["spin", 7]], { spin: 7 }, new Set(["spin"])] as unknown[]) {
      await expect(request({ tune: tune as boolean })).rejects.toThrow(expect.objectContaining({ name: "UsageError" }));
    }
  });

  test("two at once wait for each other", async () => {
    using device = await request({ tune: true });
    await Promise.all([tune(device, graphOf("a")), tune(device, graphOf("b"))]);
    expect(Object.fromEntries(device.tuned)).toEqual({ a: "quick", b: "quick" });
    expect(device.live).toEqual({ buffers: 0, bytes: 0 });
  });

  test("a way that is chosen is the one that runs", async () => {
    using device = await request({ tune: { spin: "quick" } });
    const made = new Graph(device.target, "f32", device.tuned);
    spin(made);
    const [y] = made.values;
    const plan = await Plan.compile(device, made, { keep: [y!] });
    plan.run();
    let v = 5;
    for (let i = 0; i < 10; i += 1) v = (Math.imul(v, 1664525) + 1013904223) >>> 0;
    expect((await plan.tensor<"u32">(y!).read())[5]).toBe(v);
    plan.dispose();
  });
});

describe("a device's ways", () => {
  /** Compiles a plan of the operation as the device runs it. */
  async function compile(device: Device, name: string): Promise<unknown> {
    const graph = new Graph(device.target, "f32", device.tuned);
    spin(graph, name);
    using _ = await Plan.compile(device, graph);
    return graph.steps[0]!.choices["TURNS"];
  }

  test("stay the same once a plan was made of them", async () => {
    using device = await request({ tune: true });
    expect(await compile(device, "spin")).toBe(24_000);
    expect(await wayOn(device)).toEqual({ way: "slow", tried: 0, turns: 24_000 });
    using other = await request({ tune: new Map([["spin", "sideways"]]) });
    await compile(other, "spin");
    expect(Object.fromEntries(other.tuned)).toEqual({ spin: "slow" });
  });

  test("also where a plan was made of them while they were being timed", async () => {
    using device = await request({ tune: true });
    let compiled: Promise<unknown> | undefined;
    const describe = (): Graph => {
      const graph = new Graph(device.target);
      spin(graph, "spin", () => {
        compiled ??= compile(device, "spin");
      });
      return graph;
    };
    await tune(device, describe);
    expect(await compiled).toBe(24_000);
    expect(device.tuned.get("spin")).toBe("slow");
  });

  test("are not those of graphs with ways of their own", async () => {
    using device = await request({});
    const graph = new Graph(device.target, "f32", new Map([["spin", "quick"]]));
    spin(graph);
    using _ = await Plan.compile(device, graph);
    expect(device.tuned.size).toBe(0);
  });

  test("are decided when the time is over, but kept for no other device unless they were timed", async () => {
    let now = 0;
    const put = vi.fn(async (_url: string, _response: Response) => {});
    using device = await request({ tune: true, tuningCache: { match: async () => undefined, put } });
    vi.spyOn(performance, "now").mockImplementation(() => {
      now += 100;
      return now;
    });
    await tune(device, graphOf("a", "b", "c", "d", "e"));
    expect([...device.tuned.keys()].sort()).toEqual(["a", "b", "c", "d", "e"]);
    const kept = Object.keys(await put.mock.calls[0]![1].json());
    expect(kept.length).toBeGreaterThan(0);
    expect(kept.length).toBeLessThan(5);
    vi.restoreAllMocks();
    const before = Object.fromEntries(device.tuned);
    await tune(device, graphOf("a", "b", "c", "d", "e"));
    expect(Object.fromEntries(device.tuned)).toEqual(before);
    expect(put).toHaveBeenCalledTimes(1);
    expect(device.live).toEqual({ buffers: 0, bytes: 0 });
  });
});

describe("timing", () => {
  const six = (): Graph => {
    const graph = new Graph("software");
    spin(graph, "spin", undefined, SIX);
    return graph;
  };

  test("ends where the clock stands still, and then chooses nothing", async () => {
    using device = await request({ tune: true });
    vi.spyOn(performance, "now").mockReturnValue(1000);
    await tune(device, six);
    expect(device.tuned.get("spin")).toBe("0");
  });

  test("has two ways on the device at a time", async () => {
    using device = await request({ tune: true });
    let most = 0;
    const createBuffer = device.createBuffer.bind(device);
    vi.spyOn(device, "createBuffer").mockImplementation((...args) => {
      const buffer = createBuffer(...args);
      most = Math.max(most, device.live.buffers);
      return buffer;
    });
    await tune(device, six);
    expect(most).toBe(4); // each its output and its parameters
  });

  test("is of graphs stored like the one that asks", async () => {
    using device = await request({ tune: true });
    const storages = new Set<string>();
    await tune(device, () => {
      const graph = new Graph(device.target, "f16");
      spin(graph, "spin", ({ storage }) => storages.add(storage));
      return graph;
    });
    expect([...storages]).toEqual(["f16"]);
  });

  test("stops at the signal: before, between two samples, and while others are timed", async () => {
    using device = await request({ tune: true });
    const reason = new Error("enough");
    await expect(tune(device, graphOf("a"), AbortSignal.abort(reason))).rejects.toBe(reason);

    const [timing, waiting] = [new AbortController(), new AbortController()];
    const idle = device.idle.bind(device);
    let samples = 0;
    let go: () => void = () => {};
    const held = new Promise<void>((resolve) => {
      go = resolve;
    });
    vi.spyOn(device, "idle").mockImplementation(async () => {
      samples += 1;
      await Promise.all([idle(), held]);
    });
    const first = tune(device, graphOf("a", "b", "c"), timing.signal);
    const second = tune(device, graphOf("d"), waiting.signal);
    waiting.abort(reason);
    await expect(second).rejects.toBe(reason);
    timing.abort(reason);
    go();
    await expect(first).rejects.toBe(reason);
    expect(samples).toBeLessThan(3);
    expect(device.tuned.size).toBe(0);
    expect(device.live).toEqual({ buffers: 0, bytes: 0 });
  });
});
