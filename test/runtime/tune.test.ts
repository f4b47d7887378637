import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { folderCache } from "../../src/node/cache.ts";
import { findGpu } from "../../src/node/gpu.ts";
import { Device } from "../../src/runtime/device.ts";
import { Graph } from "../../src/runtime/graph.ts";
import type { Kernel } from "../../src/runtime/kernel.ts";
import { Plan } from "../../src/runtime/plan.ts";
import { tune } from "../../src/runtime/tune.ts";
import { VERSION } from "../../src/version.ts";

/** Takes as long as its loop is, and one way of it does not compile. */
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
  ["slow", 20_000],
  ["quick", 10],
  ["broken", -1],
]);

/** Appends the operation; `alone` hears whenever it is asked to stand alone. */
function spin(graph: Graph, name = "spin", alone: () => void = () => {}): void {
  const append = (target: Graph): void => {
    const y = target.value("y", [4096], "u32");
    const turns = target.choose(name, WAYS, (other) => {
      alone();
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
    expect(await wayOn(third)).toEqual({ way: "sideways", tried: 0, turns: 20_000 });
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
    expect(await wayOn(device)).toEqual({ way: undefined, tried: 0, turns: 20_000 });
  });

  test("is repeated exactly on a device that is given what another found", async () => {
    using device = await request({ tune: { spin: "quick" } });
    expect(await wayOn(device)).toEqual({ way: "quick", tried: 0, turns: 10 });
  });

  test("stops when asked, and two at once wait for each other", async () => {
    using device = await request({ tune: true });
    const graph = (name: string) => () => {
      const made = new Graph(device.target);
      spin(made, name);
      return made;
    };
    const reason = new Error("enough");
    await expect(tune(device, graph("a"), AbortSignal.abort(reason))).rejects.toBe(reason);
    await Promise.all([tune(device, graph("a")), tune(device, graph("b"))]);
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

test("the version is the package's", async () => {
  const { version } = JSON.parse(await readFile(new URL("../../package.json", import.meta.url), "utf8"));
  expect(VERSION).toBe(version);
});
