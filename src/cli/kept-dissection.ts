import { join } from "node:path";
import type { Checkpoints, DissectionState } from "../dissect/checkpoint.ts";
import { unreadable } from "../node/file-errors.ts";
import type { OutputFolder } from "../node/folder.ts";
import { sha256 } from "../node/kept/file.ts";
import { readBytes } from "../node/regular-file.ts";
import { KeepingPace } from "./keeping-pace.ts";
import { packState, unpackState } from "./state-file.ts";

const FILE = "dissection.state";
const FORMAT = "ganatomy dissection 3";

/** What an earlier run had finished of a dissection, and what goes on. */
export function standing({ at, done }: Pick<DissectionState, "at" | "done">): string {
  const [, kind = at, pass = "0"] = /^(?:training |whole )?(\w+)(?: (\d+))?$/.exec(at) ?? [];
  const before: Readonly<Record<string, readonly [finished: string, doing: string]>> = {
    quantiles: [
      Number(pass) > 0 ? `went over all activations ${times(Number(pass))}` : "",
      "going over the activations for the units' quantiles",
    ],
    levels: ["found the quantiles of all activations", "counting what the units agree with at each"],
    scores: ["chose the units' levels", "scoring the units"],
  };
  const [finished = "", doing = "counting"] = before[kind] ?? [];
  const images = done === 0 ? "from the first image on" : `behind the first ${done === 1 ? "image" : `${done} images`}`;
  return `An earlier run ${finished ? `${finished}, and was stopped` : "was stopped"} ${doing}: going on ${images}.`;
}

const times = (count: number): string => ["once", "twice"][count - 1] ?? `${count} times`;

/** Where a dissection stands, in a file of its output folder until it is done. */
export class KeptDissection implements Checkpoints {
  readonly found: DissectionState | undefined;
  readonly #folder: OutputFolder;
  readonly #key: string;
  readonly #pace: KeepingPace;

  private constructor(folder: OutputFolder, key: string, signal: AbortSignal, found: DissectionState | undefined) {
    this.found = found;
    this.#folder = folder;
    this.#key = key;
    this.#pace = new KeepingPace(signal);
  }

  /**
   * Finds what a run of the same settings, as JSON, left in the folder. `onDamaged` is called where
   * it cannot be believed: then the dissection begins anew.
   * @throws OutputError where it cannot be read: nobody should wait for hours a second time.
   */
  static async open(
    folder: OutputFolder,
    settings: unknown,
    signal: AbortSignal,
    onDamaged: (path: string) => void,
  ): Promise<KeptDissection> {
    const key = sha256(JSON.stringify(settings));
    const path = join(folder.path, FILE);
    const bytes = await readBytes(path, (cause) => {
      if (cause.code === "ENOENT") return undefined;
      return unreadable(path, cause);
    });
    const found = bytes && unpackState(bytes, FORMAT);
    if (bytes && !found) onDamaged(path);
    return new KeptDissection(folder, key, signal, found?.about.key === key ? found.state : undefined);
  }

  due(): boolean {
    return this.#pace.due();
  }

  async keep(state: DissectionState): Promise<void> {
    await this.#pace.timed(() =>
      this.#folder.of("state", this.#key).write(FILE, packState(FORMAT, { key: this.#key }, state)),
    );
  }

  /** All is done: nobody goes on from here. */
  remove(): Promise<void> {
    return this.#folder.remove(FILE);
  }
}
