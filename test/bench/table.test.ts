import { expect, test } from "vitest";
import { heading, row } from "../../bench/table.mjs";

const SETTING = {
  runtime: "Node v20",
  adapter: "mesa llvmpipe",
  driver: "llvmpipe",
  software: true,
  ceilings: { gflops: 26.08, gbps: 3.07 },
  absent: { wasm2: "There is no shared memory." },
  torch: "PyTorch 1.13 on the CPU",
};

test("a row has every peer's time and how many times ours it is, under its name", () => {
  const columns = heading(SETTING).split("\n").at(-1)!;
  const [cells, ...notes] = row({
    case: "scenes64 x8 forward",
    ms: 200,
    gpuMs: 190,
    cpuMs: 300,
    peers: { tfjs: 2000, ort: 1000, jax: 900, wasm1: 50, torch: 400 },
    peersCpuMs: { tfjs: 2600, jax: 1800, wasm1: 50, ort: null },
    failed: { wasm2: "out of memory" },
    error: { tfjs: 3e-5 },
    samples: 4,
  } as never).split("\n");
  const under = (name: string, width: number) => {
    const end = columns.search(new RegExp(`\\b${name}(\\s|$)`)) + name.length;
    return cells!.slice(end - width, end).trim();
  };
  expect(under("ganatomy", 10)).toBe("200 ms");
  expect(under("CPU", 10)).toBe("300 ms");
  expect(under("tfjs", 15)).toBe("2000 ms 10×");
  expect(under("jax", 15)).toBe("900 ms 4.5×");
  expect(under("wasm1", 15)).toBe("50.0 ms 0.3×");
  expect(under("wasm2", 15)).toBe("");
  expect(under("torch", 15)).toBe("400 ms 2.0×");
  expect(notes).toEqual(["  CPU: tfjs 2600 ms, jax 1800 ms, wasm1 50.0 ms", "  wasm2 failed: out of memory"]);
});

test("the heading names who is absent, and why", () => {
  const said = heading(SETTING);
  expect(said).toContain("wasm2 does not run here: There is no shared memory.");
  expect(said).toContain("No headline numbers");
});

test("bytes are compared as times are", () => {
  const cells = row({ case: "core bundle gzipped", bytes: 50_000, peersBytes: { tfjs: 150_000 } } as never);
  expect(cells.split(/\s{2,}/)).toEqual(["core bundle gzipped", "50.0 kB", "150.0 kB 3.0×"]);
});
