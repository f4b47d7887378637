import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Measurements } from "../../causality/measurements.ts";
import { OutputError } from "../../errors.ts";
import type { OutputFolder } from "../folder.ts";

/** Milliseconds of work that a killed program may lose. */
const INTERVAL = 1000;
const FORMAT = "ganatomy measurements 1";

/** Measurements that outlive the program. */
export interface MeasurementsFile extends Measurements {
  /** How many were found. */
  readonly found: number;
  /** Writes what was not written yet. */
  flush(): Promise<void>;
}

/**
 * Keeps finished measurements in a file of an output folder, and finds those of an earlier run there, killed or not. The file
 * appears whole or not at all, a second after a measurement at the latest; what another program put there meanwhile stays.
 * @throws OutputError when the file is damaged or not of ours: nothing in it is believed.
 */
export async function measurementsFile(folder: OutputFolder, name = "measurements.json"): Promise<MeasurementsFile> {
  const path = join(folder.path, name);
  const known = await read(path);
  const found = known.size;
  let written = performance.now();
  let dirty = false;
  const flush = async (): Promise<void> => {
    if (!dirty) return;
    dirty = false;
    for (const [key, counts] of await read(path)) if (!known.has(key)) known.set(key, counts);
    await folder.write(name, pack(known));
    written = performance.now();
  };
  return {
    found,
    get: (key) => known.get(key),
    async set(key, counts) {
      known.set(key, counts);
      dirty = true;
      if (performance.now() - written > INTERVAL) await flush();
    },
    flush,
  };
}

function pack(known: ReadonlyMap<string, readonly number[]>): string {
  const measurements = Object.fromEntries(known);
  return `${JSON.stringify({ format: FORMAT, sha256: checksum(measurements), measurements })}\n`;
}

const checksum = (measurements: unknown): string =>
  createHash("sha256").update(JSON.stringify(measurements)).digest("hex");

async function read(path: string): Promise<Map<string, readonly number[]>> {
  const text = await readFile(path, "utf8").catch(() => undefined);
  return text === undefined ? new Map() : parse(text, path);
}

function parse(text: string, path: string): Map<string, readonly number[]> {
  try {
    const { format, sha256, measurements } = JSON.parse(text) as Record<string, unknown>;
    if (format === FORMAT && sha256 === checksum(measurements)) {
      return new Map(Object.entries(measurements as Record<string, readonly number[]>));
    }
  } catch {
    // said below
  }
  throw new OutputError(
    `"${path}" is damaged, or was not written by ganatomy.`,
    "Remove it to measure everything anew, or choose another --outdir.",
  );
}
