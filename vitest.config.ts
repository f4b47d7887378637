import { readdirSync, readFileSync } from "node:fs";
import { defineConfig, type Plugin } from "vitest/config";

/**
 * What tests depend on without importing it, so that `npm test -- --changed` runs them: a kernel's WGSL behind the module
 * that is generated from it, and what a line of a test's file names that starts what is built:
 *
 *   // Runs: src/cli/main.ts, src/index.ts
 */
const dependencies: Plugin = {
  name: "dependencies that are not imported",
  enforce: "pre", // comments are gone later
  transform(code, id) {
    const kernel = /^\/\/ Generated from (\S+\.wgsl) /.exec(code)?.[1];
    const built = id.includes("/test/")
      ? /^\/\/ Runs: ((?:.+,\n\/\/ )*.+)$/m.exec(code)?.[1]?.split(/,\s+(?:\/\/ )?/)
      : undefined;
    const paths = [...(kernel ? [`src/kernels/${kernel}`] : []), ...(built ?? [])];
    return paths.length === 0 ? undefined : `${code}\n${needs(paths)}`;
  },
  load(id) {
    if (!id.endsWith(".wgsl")) return undefined;
    const parts = [...readFileSync(id, "utf8").matchAll(/^\/\/ use (\S+)$/gm)];
    return `export {};\n${needs(parts.map(([, part]) => `src/kernels/parts/${part}.wgsl`))}`;
  },
};
/** An import for the graph of modules, which nobody calls. */
const needs = (paths: readonly string[]): string => paths.map((path) => `(() => import("/${path}"));`).join("\n");

/**
 * The rooms whose tests are numbers that the adapter computes, of nothing but what they are given:
 * they change no global, so that a process can run many of their files. It loads the library and
 * asks for the adapter once.
 */
const NUMBERS = /^(kernels|gradient|networks|models)[/\\].*\.test\.ts$/;
const onAdapter = readdirSync(new URL("test", import.meta.url), { recursive: true, encoding: "utf8" })
  .filter((path) => NUMBERS.test(path))
  .map((path) => `test/${path.replaceAll("\\", "/")}`)
  .filter((path) => readFileSync(new URL(path, import.meta.url), "utf8").includes('/gpu.ts"'));

const shared = { pool: "forks", testTimeout: 120_000, hookTimeout: 120_000 } as const;

export default defineConfig({
  test: {
    globalSetup: ["test/setup.ts"],
    // A software adapter uses every core, but waits while JavaScript compiles, draws and compares.
    maxWorkers: 2,
    // A change of these may concern any test.
    forceRerunTriggers: ["test/golden", "weights", "package-lock.json", "vitest.config.ts", "test/setup.ts"].map(
      (path) => `**/${path}{,/**}`,
    ),
    projects: [
      {
        plugins: [dependencies],
        test: { ...shared, name: "others", include: ["test/**/*.test.ts"], exclude: onAdapter },
      },
      {
        plugins: [dependencies],
        test: { ...shared, name: "numbers", include: onAdapter, isolate: false, sequence: { groupOrder: 1 } },
      },
    ],
  },
});
