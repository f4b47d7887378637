// The Fréchet distance of 5000 + 5000 vectors of 2048 numbers, as FIDs need it: ours beside NumPy
// and SciPy, pytorch-fid's way (Debian: python3-scipy), one after the other.
import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { build } from "esbuild";

const [N, D] = [5000, 2048];
export const FRECHET = `Fréchet distance of ${N} + ${N} × ${D}`;
const HERE = fileURLToPath(new URL(".", import.meta.url));

/** Features as a network's pooled ones are: none negative, many of them related. */
function features(seed, shift) {
  let state = seed;
  const uniform = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
  const data = new Float32Array(N * D);
  for (let i = 0, near = 0; i < N * D; i += 1) {
    near = i % D === 0 ? 0 : 0.7 * near;
    near += uniform() + uniform() + uniform() - 1.5;
    data[i] = Math.max(0, near + shift);
  }
  return { data, n: N, d: D };
}

/**
 * @returns milliseconds of ours and of SciPy's, and how long a page would have waited at the most.
 */
export async function measureFrechet({ folder }) {
  const outfile = join(folder, "compare.mjs");
  const entryPoints = [join(HERE, "../src/compare/index.ts")];
  await build({ entryPoints, outfile, bundle: true, format: "esm", platform: "node", logLevel: "warning" });
  const { frechetDistance } = await import(outfile);
  const [a, b] = [features(1, 0), features(2, 0.1)];
  const paths = await Promise.all(
    [a, b].map(async ({ data }, i) => {
      const path = join(folder, `features.${i}.f32`);
      await writeFile(path, new Uint8Array(data.buffer));
      return path;
    }),
  );
  const delay = monitorEventLoopDelay({ resolution: 1 });
  const [wall, cpu] = [performance.now(), process.cpuUsage()];
  delay.enable();
  const ours = await frechetDistance(a, b);
  delay.disable();
  const ms = performance.now() - wall;
  const cpuMs = process.cpuUsage(cpu).user / 1000;
  const args = [join(HERE, "peers/frechet.py"), String(D), ...paths];
  try {
    const { stdout } = await promisify(execFile)("/usr/bin/python3", args);
    const scipy = JSON.parse(stdout);
    const more = {
      "SciPy ms": scipy.ms,
      "SciPy CPU ms": scipy.cpuMs,
      "as long as ours": scipy.ms / ms,
      "longest wait ms": delay.max / 1e6,
    };
    return { ms, cpuMs, more, error: { scipy: Math.abs(scipy.distance / ours.distance - 1) } };
  } catch (error) {
    const why = error.message.split("\n").at(-2) ?? error.message;
    return { ms, cpuMs, more: { "longest wait ms": delay.max / 1e6 }, failed: { scipy: why } };
  }
}
