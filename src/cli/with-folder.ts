import { dirname } from "node:path";
import type { Device } from "../index.ts";
import { cacheFolder, folderCache } from "../node/cache.ts";
import { type OutputFolder, type OutputFolderOptions, outputFolder } from "../node/folder.ts";
import { type MeasurementsFile, measurementsFile } from "../node/kept/measurements.ts";
import { KeptTuning } from "../node/kept/tuning.ts";
import { deviceText, KernelChoices } from "./device-details.ts";
import { requestDevice, type TuneFlags } from "./gpu.ts";
import { Interrupted, type Interruption, onInterrupt } from "./interrupt.ts";
import { detail, duration, Progress } from "./progress.ts";

/** What a command has while it runs. */
export interface Running extends Omit<Interruption, "release"> {
  readonly progress: Progress;
  note(text: string): void;
  /** Seconds since it began, to the tenth. */
  seconds(): number;
  /** The same as people say it. */
  took(): string;
}

/** Of a server, which has nothing to write, and which Ctrl-C ends as it should. */
export const SERVING = { stopping: "Stopping" };

/** Runs a command that Ctrl-C stops; `stopping` is what is said then. */
export async function withInterrupt(
  run: (running: Running) => Promise<number>,
  { stopping }: { readonly stopping?: string } = {},
): Promise<number> {
  const started = performance.now();
  const progress = new Progress();
  const note = (text: string): void => progress.note(text);
  const interruption = onInterrupt(note, stopping);
  const { signal, beforeQuit } = interruption;
  const seconds = (): number => Math.round((performance.now() - started) / 100) / 10;
  const took = (): string => duration(performance.now() - started);
  try {
    return await run({ progress, note, signal, beforeQuit, seconds, took });
  } finally {
    progress.end();
    interruption.release();
    detail(`${seconds()} s in all`);
  }
}

/** So many of a folder's files are told by their names. */
const NAMED = 12;

/** Where results go. */
export interface Output extends OutputFolderOptions {
  readonly path: string;
}

export interface Outcome {
  readonly folder: OutputFolder;
  /** False when Ctrl-C ended it early. */
  readonly complete: boolean;
}

/**
 * Lets `work` write into an output folder. What it wrote stays, whether it comes to its end, is
 * interrupted or fails; a folder in which nothing was written goes.
 */
export async function withFolder(
  { progress, signal, beforeQuit }: Running,
  { path, ...options }: Output,
  work: (folder: OutputFolder) => Promise<void>,
): Promise<Outcome> {
  const folder = await outputFolder(path, options);
  beforeQuit(() => folder.discardSync());
  const close = (): Promise<void> => {
    progress.end();
    detail(writtenText(path, folder.files));
    return folder.written > 0 ? folder.finish() : folder.discard();
  };
  try {
    await work(folder);
  } catch (error) {
    if (signal.aborted && error instanceof Interrupted) {
      await close();
      return { folder, complete: false };
    }
    await close().catch(() => {}); // the first error is the one to tell
    throw error;
  }
  await close();
  return { folder, complete: true };
}

/** Files of a folder: by name, and where there are more than a few together, their number. */
function writtenText(path: string, files: readonly string[]): string {
  const folders = [...new Set(files.map((file) => dirname(file)))];
  const parts = folders.map((folder) => {
    const inIt = files.filter((file) => dirname(file) === folder);
    return inIt.length > NAMED ? `${folder}/ (${inIt.length} files)` : inIt.join(", ");
  });
  return `Written into ${path}: ${parts.join(", ") || "nothing"}`;
}

/** What is kept in a folder for the next run. */
export interface KeptState {
  readonly folder: OutputFolder;
  /** Measurements of earlier runs too. */
  readonly finished: MeasurementsFile;
  /** For `withDevice`. */
  readonly tuning: KeptTuning;
}

/**
 * Lets `work` measure and write into a folder where measurements, and the ways operations ran, are
 * kept for the next run.
 */
export async function withMeasurements(
  running: Running,
  output: Output,
  work: (kept: KeptState) => Promise<void>,
): Promise<Outcome> {
  return withFolder(running, { ...output, keep: true }, async (disk) => {
    const tuning = await KeptTuning.open(disk);
    const { folder } = tuning;
    const finished = await measurementsFile(folder);
    try {
      await work({ folder, finished, tuning });
    } catch (error) {
      await finished.flush().catch(() => {}); // the first error is the one to tell
      throw error;
    }
    await finished.flush();
  });
}

/** Lets `work` use a device, on which operations run as `tuning` says where it is given. */
export async function withDevice<T>(
  { note, progress, signal }: Running,
  { flags, tuning }: { readonly flags?: TuneFlags; readonly tuning?: KeptTuning },
  work: (device: Device) => Promise<T>,
): Promise<T> {
  const choices = new KernelChoices(tuning?.cache ?? folderCache(cacheFolder()));
  const device = await requestDevice(note, signal, flags, choices.cache);
  detail(deviceText(device));
  tuning?.keep(device);
  try {
    return await work(device);
  } finally {
    progress.end();
    detail(choices.text(device, flags?.tune));
    device.dispose();
  }
}
