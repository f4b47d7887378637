// Tests: test/cli/commands/dissect.test.ts
import { threadPool } from "../node/drawing-threads.ts";
import type { OutputFolder } from "../node/folder.ts";
import { nodeEncoder } from "../node/photo/encoder.ts";
import type { Place } from "./dissecting.ts";
import type { TuneFlags } from "./gpu.ts";
import type { Summary } from "./summary.ts";
import { type Running, withDevice } from "./with-folder.ts";

/** Lets `work` run on Node's device, with threads that draw. */
export function inNode(
  flags: TuneFlags,
  folder: OutputFolder,
  running: Running,
  work: (place: Place) => Promise<Summary>,
): Promise<Summary> {
  const { progress, signal, note } = running;
  return withDevice(running, { flags }, (device) =>
    work({
      device,
      folder,
      signal,
      encoder: nodeEncoder(),
      pool: (plan) =>
        threadPool(plan, {
          script: new URL("./node/drawing-worker.js", import.meta.url),
          onLost: ({ message }) => note(message),
        }),
      progress: (phase, done, total) => progress.report(phase, done, total),
      note,
    }),
  );
}
