import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Device } from "../../runtime/device.ts";
import type { TuningCache } from "../../runtime/tuning.ts";
import { cacheFolder, folderCache } from "../cache.ts";
import type { OutputFolder } from "../folder.ts";

const FILE = "tuned.json";

/** How operations run, by their names, of every kind of adapter by its address in a `TuningCache`. */
type Kept = Record<string, Record<string, string>>;

/**
 * How operations run, kept beside what was computed by it: whoever goes on in a folder does so in the same ways, and so to the
 * same bits. Ways that nobody has timed are kept too, which a cache leaves for the next device to time.
 */
export class KeptTuning {
  /** The folder, in which nothing is written before the ways by which it was computed. */
  readonly folder: OutputFolder;
  /** For the device: the folder's ways, and the user's where the folder has none. */
  readonly cache: TuningCache;
  readonly #disk: OutputFolder;
  readonly #kept: Kept;
  /** Where the device's adapter is looked up; a device that does not time its operations never asks. */
  #url: string | undefined;
  #device: Device | undefined;
  #written = 0;

  private constructor(disk: OutputFolder, users: TuningCache, kept: Kept) {
    this.#disk = disk;
    this.#kept = kept;
    this.cache = {
      match: async (url) => {
        this.#url = url;
        const ways = kept[url];
        return ways ? new Response(JSON.stringify(ways)) : users.match(url);
      },
      put: async (url, response) => {
        // Among the folder's may be some that were never timed.
        if (!kept[url]) await users.put(url, response);
      },
    };
    const write: OutputFolder["write"] = async (path, data) => {
      await this.#write();
      await disk.write(path, data);
    };
    this.folder = {
      path: disk.path,
      get written() {
        return disk.written;
      },
      write,
      finish: () => disk.finish(),
      discard: () => disk.discard(),
    };
  }

  /** Unreadable ways are as good as none: operations are timed again, and what was measured is measured anew where it differs. */
  static async open(disk: OutputFolder, users: TuningCache = folderCache(cacheFolder())): Promise<KeptTuning> {
    try {
      const kept: unknown = JSON.parse(await readFile(join(disk.path, FILE), "utf8"));
      if (typeof kept === "object" && kept !== null) return new KeptTuning(disk, users, kept as Kept);
    } catch {
      // not there, or unreadable
    }
    return new KeptTuning(disk, users, {});
  }

  /** The device whose ways are kept from now on. */
  keep(device: Device): void {
    this.#device = device;
  }

  async #write(): Promise<void> {
    const tuned = this.#device?.tuned;
    if (this.#url === undefined || !tuned || tuned.size === this.#written) return; // a way never changes once it is there
    this.#written = tuned.size;
    const ways = Object.fromEntries(tuned);
    await this.#disk.write(FILE, `${JSON.stringify({ ...this.#kept, [this.#url]: ways }, null, 1)}\n`);
  }
}
