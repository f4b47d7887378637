import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { beforeAll, expect, test } from "vitest";

const CHANGES: readonly [path: string, run: readonly string[], not: string][] = [
  ["src/kernels/edit/adam.wgsl", ["test/causality/ace.test.ts"], "test/weights/pth.test.ts"],
  ["src/kernels/parts/repeated.wgsl", ["test/kernels/statistics/statistics.test.ts"], "test/kernels/edit/edit.test.ts"],
  [
    "src/cli/progress.ts",
    ["test/cli/commands/dissect.test.ts", "test/package/package.test.ts"],
    "test/kernels/edit/edit.test.ts",
  ],
  [
    "src/report/csv.ts",
    ["test/browser/drawing-workers.test.ts", "test/architecture.test.ts"],
    "test/weights/pth.test.ts",
  ],
];

// In a process of its own: one vitest in another would share its globals.
const RELATED = `
  import { createVitest } from "vitest/node";
  const vitest = await createVitest("test", { watch: false, run: true });
  const found = [];
  for (const path of process.argv.slice(1)) {
    vitest.config.related = [path];
    const tests = await vitest.getRelevantTestSpecifications();
    found.push(tests.map(({ moduleId }) => moduleId.replace(/^.*\\/test\\//, "test/")));
  }
  console.log(JSON.stringify(found));
  await vitest.close();
`;

let related: readonly (readonly string[])[];
beforeAll(() => {
  const root = fileURLToPath(new URL("../../", import.meta.url));
  const args = ["--input-type=module", "--eval", RELATED, ...CHANGES.map(([path]) => `${root}${path}`)];
  related = JSON.parse(
    execFileSync(process.execPath, args, { cwd: root, encoding: "utf8" }).trim().split("\n").at(-1)!,
  );
});

test.each(CHANGES.map((_, at) => at))(
  "a change has the tests run that depend on it, also through what is built (%i)",
  (at) => {
    const [, run, not] = CHANGES[at]!;
    expect(related[at]).toEqual(expect.arrayContaining([...run]));
    expect(related[at]).not.toContain(not);
  },
);
