import { expect, describe as suite, test } from "vitest";
import { describe, SUBGROUPS, targetOf } from "../../src/runtime/adapter.ts";

suite("what an adapter says of itself", () => {
  test("is kept, and nothing is where it says nothing", () => {
    const info = { vendor: "nvidia", architecture: "hopper", device: "2330", description: "H200" };
    const said = { vendor: "nvidia", architecture: "hopper", description: "H200", software: false };
    expect(describe(info)).toEqual(said);
    expect(describe()).toEqual({ vendor: "", architecture: "", description: "", software: false });
    expect(describe({ vendor: "google" })).toMatchObject({ vendor: "google", software: false });
  });

  test.each([
    [{ vendor: "google", architecture: "SwiftShader" }, true],
    [{ vendor: "mesa", description: "llvmpipe (LLVM 15.0.6, 256 bits)" }, true],
    [{ device: "lavapipe" }, true],
    [{ vendor: "microsoft", description: "Microsoft Basic Render Driver" }, true],
    [{ vendor: "some software" }, true],
    [{ vendor: "unknown", isFallbackAdapter: true }, true],
    [{ vendor: "unknown", isFallbackAdapter: false }, false],
    [{ vendor: "apple", architecture: "metal-3" }, false],
  ])("%j is a software rasteriser: %s", (info, software) => expect(describe(info).software).toBe(software));
});

suite("the kernels of a device", () => {
  const device = (subgroups: readonly string[], least?: number, most = least) =>
    ({
      adapterInfo: least === undefined ? undefined : { subgroupMinSize: least, subgroupMaxSize: most },
      features: new Set(subgroups),
    }) as unknown as GPUDevice;
  const software = describe({ isFallbackAdapter: true });

  test.each([
    [[SUBGROUPS], 4, 4, "software4"],
    [[SUBGROUPS], 8, 8, "software8"],
    [[SUBGROUPS], 16, 16, "software"],
    [[SUBGROUPS], 4, 8, "software"],
    [[SUBGROUPS], undefined, undefined, "software"],
    [[], 4, 4, "software"],
    [["shader-f16"], 8, 8, "software"],
  ])("in software with %j, %s to %s lanes, are those for %s", (features, least, most, target) => {
    expect(targetOf(software, device(features, least, most))).toBe(target);
  });

  test("on a GPU are those of GPUs, and in old browsers of software that says nothing", () => {
    expect(targetOf(describe(), device([SUBGROUPS], 8, 8))).toBe("gpu");
    expect(targetOf(software, {} as GPUDevice)).toBe("software");
  });
});
