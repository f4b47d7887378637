import { join } from "node:path";
import type { Measurements } from "../../causality/measurements.ts";
import type { OutputFolder } from "../folder.ts";
import { packKept, readKept, sha256 } from "./file.ts";

/** Milliseconds of work that a killed program may lose. */
const INTERVAL = 1000;
const FORM = { format: "ganatomy measurements 2" };
/** The form before it, whose state has another name. */
const EARLIER = "ganatomy measurements 1";

type Counts = Readonly<Record<string, readonly number[]>>;

/** Measurements that outlive the program. */
export interface MeasurementsFile extends Measurements {
  /** How many were found. */
  readonly found: number;
  /** Writes what was not written yet. */
  flush(): Promise<void>;
}

/**
 * Keeps finished measurements in a file of an output folder, and finds those of an earlier run
 * there, killed or not. The file appears whole or not at all, a second after a measurement at the
 * latest.
 * @throws OutputError when the file cannot be read, is damaged or not of ours: it stays, and
 *   nothing in it is believed.
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
    await folder.write(name, packKept(FORM, JSON.stringify(Object.fromEntries(known)))).catch((error) => {
      dirty = true;
      throw error;
    });
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

async function read(path: string): Promise<Map<string, readonly number[]>> {
  const found = await readKept<Counts>(path, FORM, ({ format, sha256: sum, measurements }) =>
    format === EARLIER && sum === sha256(JSON.stringify(measurements)) ? (measurements as Counts) : undefined,
  );
  return new Map(Object.entries(found ?? {}));
}
