// Tests: test/cli/commands/ace.test.ts

import { constants } from "node:fs";
import { access, copyFile, realpath, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { OutputError } from "../../errors.ts";
import { FolderLock } from "../../node/lock.ts";
import { readText } from "../../node/regular-file.ts";
import { writeWhole } from "../../node/write-whole.ts";
import { withAceRanking } from "../../report/ace.ts";
import type { Ranking } from "../../report/rankings.ts";
import { readOrder, type UnitOrder } from "../edit/units.ts";
import type { Work } from "../with-models.ts";

/** A dissection to read the ranking by IoU from, and to put the one by ACE into. */
export class RankedDissection {
  readonly order: UnitOrder;
  readonly #path: string;

  private constructor(order: UnitOrder, path: string) {
    this.order = order;
    this.#path = path;
  }

  /** @throws what `readOrder` throws; OutputError when it could not be written later. */
  static async open(
    given: string,
    { generator, segmenter, note }: Work,
    { layer, label }: { readonly layer: string; readonly label: number },
  ): Promise<RankedDissection> {
    const isFolder = (await stat(given).catch(() => undefined))?.isDirectory();
    const file = isFolder ? join(given, "dissect.json") : given;
    const { channels } = generator.layer(layer);
    const order = await readOrder(file, {
      layer,
      channels,
      labels: segmenter.labels,
      label,
      isUnion: segmenter.unions.some((union) => union.label === label),
      metric: "iou",
      model: generator.name,
      note,
    });
    const path = await realpath(file); // a link stays one
    for (const written of [path, dirname(path)]) await access(written, constants.W_OK).catch(unwritable(path));
    return new RankedDissection(order, path);
  }

  /** Puts the ranking in, as gandissect does: the first time the file is kept beside it. */
  async put(layer: string, ranking: Ranking): Promise<void> {
    const lock = await FolderLock.take(dirname(this.#path), dirname(this.#path), ANOTHER);
    try {
      await this.#put(layer, ranking);
    } finally {
      lock.release();
    }
  }

  async #put(layer: string, ranking: Ranking): Promise<void> {
    const text = await readText(this.#path, unwritable(this.#path));
    await copyFile(this.#path, `${this.#path}.bak`, constants.COPYFILE_EXCL).catch((cause) => {
      if (cause.code !== "EEXIST") unwritable(this.#path)(cause);
    });
    await writeWhole(this.#path, withAceRanking(text, layer, ranking)).catch(unwritable(this.#path));
  }
}

/** How one gets another folder. */
const ANOTHER = "name a copy as --dissection";

const unwritable =
  (path: string) =>
  (cause: unknown): never => {
    throw new OutputError(
      `The ranking cannot be put into "${path}".`,
      `Make the file and its folder writable, or ${ANOTHER}.`,
      { cause },
    );
  };
