import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { EXIT } from "../../src/cli/exit.ts";
import { Interrupted } from "../../src/cli/interrupt.ts";
import { intoReport } from "../../src/cli/into-report.ts";
import { Progress } from "../../src/cli/progress.ts";

let home: string;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), "ganatomy-into-report-"));
});
afterEach(() => rm(home, { recursive: true, force: true }));

test.each([
  ["nothing", [], ["Interrupted before there was anything to write."]],
  ["its state", ["state"], ["What was written until then is in out.", "Interrupted before there was a report."]],
])("an interrupted run that kept %s says what there is", async (_, names, said) => {
  const controller = new AbortController();
  const notes: string[] = [];
  const running = {
    progress: new Progress({ write() {} }),
    signal: controller.signal,
    beforeQuit() {},
    note: (text: string) => void notes.push(text.replace(join(home, "out"), "out")),
    seconds: () => 0,
    took: () => "0 s",
  };
  const status = await intoReport(running, { path: join(home, "out"), settings: {} }, async (folder) => {
    for (const name of names) await folder.write(name, "1");
    controller.abort(new Interrupted("Interrupted."));
    throw controller.signal.reason;
  });
  expect([status, notes]).toEqual([EXIT.aborted, said]);
});
