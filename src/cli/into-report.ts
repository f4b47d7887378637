// Tests: test/cli/commands/dissect.test.ts, test/cli/into-report.test.ts
import { join } from "node:path";
import type { OutputFolder } from "../node/folder.ts";
import { counted } from "./amount.ts";
import { EXIT } from "./exit.ts";
import type { Summary } from "./summary.ts";
import { summaryTable } from "./table.ts";
import { print } from "./terminal.ts";
import { type Running, withFolder } from "./with-folder.ts";

/** Dissects into a folder and says what was found; resolves with the exit status. */
export async function intoReport(
  running: Running,
  {
    path,
    force,
    settings,
    json,
    elsewhere,
  }: {
    readonly path: string;
    readonly force?: boolean;
    /** What the report depends on; see `outputFolder`. */
    readonly settings: unknown;
    readonly json?: boolean;
    /** How one gets another folder, as errors say it. */
    readonly elsewhere?: string;
  },
  dissected: (folder: OutputFolder) => Promise<Summary>,
): Promise<number> {
  const { progress, signal, note } = running;
  let summary: Summary | undefined;
  let kept = false;
  const { folder } = await withFolder(running, { path, force, settings, elsewhere }, async (folder) => {
    try {
      summary = await dissected(folder);
    } catch (error) {
      progress.end();
      kept = folder.written > 0;
      if (kept) note(`What was written until then is in ${path}.`);
      throw error;
    }
    if (signal.aborted) note("Writing what is finished.");
  });
  if (!summary) {
    note(`Interrupted before there was ${kept ? "a report" : "anything to write"}.`);
    return EXIT.aborted;
  }
  if (json) {
    const all = { ...summary, outdir: folder.path, files: folder.written, seconds: running.seconds() };
    print(`${JSON.stringify(all, null, 2)}\n`);
  } else {
    print(`${summaryTable(summary)}\n`);
  }
  const what = `${counted(folder.written, "file")} in ${path} (${running.took()})\nOpen ${join(path, "report.html")}`;
  note(summary.complete ? what : `Interrupted: the report holds what was finished until then. ${what}`);
  return summary.complete ? EXIT.ok : EXIT.aborted;
}
