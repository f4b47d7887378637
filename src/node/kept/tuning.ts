import { join } from "node:path";
import type { Folder } from "../../report/folder.ts";
import type { Device } from "../../runtime/device.ts";
import type { TuningCache } from "../../runtime/tuning.ts";
import { cacheFolder, folderCache } from "../cache.ts";
import type { OutputFolder } from "../folder.ts";
import { packKept, readKept } from "./file.ts";

const FILE = "tuned.json";
const FORM = { format: "ganatomy tuned 1" };

/**
 * How operations run, by their names, of every kind of adapter by its address in a `TuningCache`.
 */
type Kept = Record<string, Record<string, string>>;

/**
 * How operations run, kept beside what was computed by it: whoever goes on in a folder does so in
 * the same ways, and so to the same bits. Ways that nobody has timed are kept too, which a cache
 * leaves for the next device to time.
 */
export class KeptTuning {
  /** The folder, in which nothing is written before the ways by which it was computed. */
  readonly folder: OutputFolder;
  /** For the device: the folder's ways, and the user's where the folder has none. */
  readonly cache: TuningCache;
  readonly #disk: OutputFolder;
  readonly #kept: Kept;
  /**
   * Where the device's adapter is looked up; a device that does not time its operations never asks.
   */
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
    const tuned = (to: Folder): Folder => ({
      write: async (path, data) => {
        await this.#write();
        await to.write(path, data);
      },
    });
    this.folder = {
      path: disk.path,
      get written() {
        return disk.written;
      },
      get files() {
        return disk.files;
      },
      ...tuned(disk),
      of: (set, settings) => tuned(disk.of(set, settings)),
      setOf: (path) => disk.setOf(path),
      has: (set, settings) => disk.has(set, settings),
      remove: (path) => disk.remove(path),
      finish: () => disk.finish(),
      discard: () => disk.discard(),
      discardSync: () => disk.discardSync(),
    };
  }

  /**
   * Finds what an earlier run left in the folder.
   * @throws OutputError when the file is damaged, or is there and cannot be read: other ways would
   *   mean other bits.
   */
  static async open(disk: OutputFolder, users: TuningCache = folderCache(cacheFolder())): Promise<KeptTuning> {
    const kept = await readKept<Kept>(join(disk.path, FILE), FORM, withoutChecksum);
    return new KeptTuning(disk, users, kept ?? {});
  }

  /** The device whose ways are kept from now on. */
  keep(device: Device): void {
    this.#device = device;
  }

  async #write(): Promise<void> {
    const tuned = this.#device?.tuned;
    // a way never changes once it is there
    if (this.#url === undefined || !tuned || tuned.size === this.#written) return;
    this.#written = tuned.size;
    const ways = Object.fromEntries(tuned);
    await this.#disk.write(FILE, packKept(FORM, JSON.stringify({ ...this.#kept, [this.#url]: ways })));
  }
}

/** The ways as an earlier version wrote them, with nothing beside them. */
function withoutChecksum(file: Record<string, unknown>): Kept | undefined {
  const isNamed = (ways: unknown): boolean =>
    isRecord(ways) && Object.values(ways).every((way) => typeof way === "string");
  return isRecord(file) && Object.values(file).every(isNamed) ? (file as Kept) : undefined;
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
