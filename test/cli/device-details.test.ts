import { expect, test } from "vitest";
import { deviceText, KernelChoices, sized } from "../../src/cli/device-details.ts";
import type { TuningCache } from "../../src/runtime/tuning.ts";

test("bytes are in MiB where there are as many, whole ones, and counts are counts", () => {
  expect(sized("maxBufferSize", 2 ** 31 - 4)).toBe("2047 MiB");
  expect(sized("maxBufferSize", 2 ** 20 - 1)).toBe("1048575");
  expect(sized("maxComputeWorkgroupsPerDimension", 2 ** 21)).toBe("2097152");
});

test("a device tells its adapter, kernels, features and limits", () => {
  const limits = {
    maxBufferSize: 2 ** 30,
    maxStorageBufferBindingSize: 2 ** 27,
    maxStorageBuffersPerShaderStage: 8,
    maxComputeWorkgroupStorageSize: 32768,
    maxComputeInvocationsPerWorkgroup: 1024,
    maxComputeWorkgroupsPerDimension: 65535,
  };
  const gpu = { limits, features: new Set(["subgroups", "shader-f16"]) } as unknown as GPUDevice;
  const adapter = { vendor: "nvidia", architecture: "", description: "", software: false };
  expect(deviceText({ adapter, target: "gpu", gpu })).toBe(
    [
      'Adapter: vendor nvidia, architecture unknown, kernels for "gpu"',
      "features shader-f16, subgroups",
      ...["maxBufferSize 1024 MiB", "maxStorageBufferBindingSize 128 MiB", "maxStorageBuffersPerShaderStage 8"],
      ...["maxComputeWorkgroupStorageSize 32768", "maxComputeInvocationsPerWorkgroup 1024"],
      "maxComputeWorkgroupsPerDimension 65535",
    ].join("; "),
  );
  const bare = { limits } as unknown as GPUDevice;
  expect(deviceText({ adapter: { ...adapter, vendor: "" }, target: "gpu", gpu: bare })).toMatch(
    /^Adapter: vendor unknown, .*; features none; max/,
  );
});

test("ways are told apart: kept, timed now, never timed; what is kept passes through untouched", async () => {
  const kept = new Map([["at", '{"a":"direct","b":"tiled"}']]);
  const cache: TuningCache = {
    match: async (url) => (kept.has(url) ? new Response(kept.get(url)) : undefined),
    put: async (url, response) => void kept.set(url, await response.text()),
  };
  const choices = new KernelChoices(cache);
  const adapter = { vendor: "", architecture: "", description: "", software: false };
  const ways = (...names: string[]) => ({ tuned: new Map(names.map((name) => [name, "direct"])), adapter });
  expect(await (await choices.cache.match("at"))!.text()).toBe('{"a":"direct","b":"tiled"}');
  expect(await choices.cache.match("elsewhere")).toBeUndefined();
  await choices.cache.put("at", new Response('{"a":"direct","b":"tiled","c":"direct"}'));
  expect(kept.get("at")).toBe('{"a":"direct","b":"tiled","c":"direct"}');
  expect(choices.text(ways("a", "b", "c", "d", "e", "f"))).toBe(
    "Kernels: of 6 operations with several, 2 as an earlier run timed them, 1 timed now, 3 not timed.",
  );
  expect(choices.text(ways("d"), false)).toMatch(/1 not timed \(timing is off\)\.$/);
  expect(choices.text({ ...ways("d"), adapter: { ...adapter, software: true } })).toMatch(/\(a software adapter\)\.$/);

  for (const damaged of ["{", "3", "null"]) {
    kept.set("at", damaged);
    const others = new KernelChoices(cache);
    expect(await (await others.cache.match("at"))!.text()).toBe(damaged);
    expect(others.text(ways("a"))).toMatch(/0 as an earlier run .*, 1 not timed/);
  }
});
