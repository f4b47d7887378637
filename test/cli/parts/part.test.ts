import { cpSync } from "node:fs";
import { cp, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { runPart } from "../../../src/cli/parts/part.ts";
import { openPlan } from "../../../src/cli/parts/plan.ts";
import { withInterrupt } from "../../../src/cli/with-folder.ts";
import { built } from "../../built.ts";
import { run } from "../ganatomy.ts";

let home: string;
const before = process.cwd();
beforeAll(async () => {
  await built();
  home = await mkdtemp(join(tmpdir(), "ganatomy-part-"));
});
afterAll(async () => {
  process.chdir(before); // a part goes to where its plan was made
  await rm(home, { recursive: true, force: true });
});

test("what another process counted while this one waited for its turn stays as it is", async () => {
  const options = ["--split", "2", "--size", "4", "--layers", "layer2", "--quantile-threshold", "0.01"];
  for (const args of [
    ["plan", "two", ...options],
    ["part", "two", "1"],
  ]) {
    expect((await run(args, { cwd: home })).status).toBe(0);
  }
  const [part, aside] = [join(home, "two", "pass-1", "part-1"), join(home, "aside")];
  await cp(part, aside, { recursive: true });
  await rm(part, { recursive: true });
  const plan = await openPlan(join(home, "two"));
  let hasCome = false;
  const status = await withInterrupt((running) =>
    runPart(plan, 1, 1, {
      ...running,
      // The folder has just become ours.
      beforeQuit(work) {
        running.beforeQuit(work);
        cpSync(aside, part, { recursive: true });
        hasCome = true;
      },
    }),
  );
  expect([status, hasCome]).toEqual([0, true]);
  for (const name of ["dissection.state", "units-0.state"]) {
    const [now, counted] = [await readFile(join(part, name)), await readFile(join(aside, name))];
    expect(now.equals(counted), name).toBe(true);
  }
});
