import { readFileSync } from "node:fs";
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
    if (/\.(html|vue|svelte|py|md|ipynb)$/.test(id)) return "export {};"; // what a test builds or opens
    if (!id.endsWith(".wgsl")) return undefined;
    const parts = [...readFileSync(id, "utf8").matchAll(/^\/\/ use (\S+)$/gm)];
    return `export {};\n${needs(parts.map(([, part]) => `src/kernels/parts/${part}.wgsl`))}`;
  },
};
/** An import for the graph of modules, which nobody calls. */
const needs = (paths: readonly string[]): string => paths.map((path) => `(() => import("/${path}"));`).join("\n");

const ALL = ["test/**/*.test.ts"];
/** What changes its process for good: puts other modules in the place of ours, or hides the adapter. */
const CHANGING = ["test/cli/paths.test.ts", "test/dissect/select.test.ts", "test/node/lock.test.ts"];
/** What tells the quick from the slow by a clock has the machine to itself, after all others. */
const TIMED = ["test/runtime/tune.test.ts"];

export default defineConfig({
  plugins: [dependencies],
  test: {
    globalSetup: ["test/setup.ts"],
    setupFiles: ["test/equality.ts", "test/afterwards.ts"],
    projects: [
      // Files leave their process as they found it, which `test/afterwards.ts` sees to: they share one,
      // and what it has loaded, which is a third of a second of CPU a file.
      { extends: true, test: { name: "sharing", include: ALL, exclude: [...CHANGING, ...TIMED], isolate: false } },
      { extends: true, test: { name: "alone", include: CHANGING } },
      { extends: true, test: { name: "timed", include: TIMED, sequence: { groupOrder: 1 } } },
    ],
    // On two cores: a software adapter uses both while it computes, but one while it compiles, which
    // tests have it do most of the time, and none while a browser or a command line starts.
    maxWorkers: 3,
    // A change of these may concern any test.
    forceRerunTriggers: [
      "test/golden",
      "weights",
      "package-lock.json",
      "vitest.config.ts",
      "test/setup.ts",
      "test/equality.ts",
      "test/afterwards.ts",
    ].map((path) => `**/${path}{,/**}`),
    pool: "forks",
    // For what hangs: on two busy cores SwiftShader takes minutes for what a GPU does at once.
    testTimeout: 300_000,
    hookTimeout: 300_000,
  },
});
