import { readdir, realpath, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { PhotoError } from "../errors.ts";
import type { OutputFolder } from "../node/folder.ts";
import { fileName } from "../report/gandissect.ts";
import { unreadable } from "./photo.ts";

/**
 * Files, and the pictures in folders, by their names; not those in folders within. One that is
 * named twice comes once. `note` is told what is left out.
 * @throws PhotoError for what is not there, and for a folder without pictures.
 */
export async function photoFiles(paths: readonly string[], note: (text: string) => void): Promise<string[]> {
  const files: string[] = [];
  for (const path of paths) {
    const found = await stat(path).catch((cause) => unreadable(path, cause));
    if (!found.isDirectory()) {
      files.push(path);
      continue;
    }
    const entries = await readdir(path, { withFileTypes: true }).catch((cause) => unreadable(path, cause));
    const pictures: string[] = [];
    for (const { name } of entries) {
      if (!/^[^.].*\.(?:jpe?g|png)$/i.test(name)) continue;
      // A link that leads nowhere is refused by its name when it is read; a pipe that nobody writes
      // into would never end.
      const target = await stat(join(path, name)).catch(() => undefined);
      if (!target || target.isFile()) pictures.push(name);
      else note(`Left out: "${join(path, name)}" is ${target.isDirectory() ? "a folder" : "no regular file"}.`);
    }
    if (pictures.length === 0) {
      throw new PhotoError(`"${path}" holds no pictures.`, "Name JPEG or PNG files, or a folder of them.");
    }
    // by code units: the same order on every system
    files.push(...pictures.sort((a, b) => (a < b ? -1 : 1)).map((name) => join(path, name)));
  }
  const once = new Map<string, string>();
  for (const file of files) {
    const place = await realpath(file).catch(() => file);
    const before = once.get(place);
    if (before === undefined) once.set(place, file);
    else note(`Left out: "${file}" is named twice${before === file ? "" : `, first as "${before}"`}.`);
  }
  return [...once.values()];
}

/** Where a photo's files go: what their names begin with, and the set that they are. */
export interface PhotoPlace {
  readonly stem: string;
  readonly set: string;
}

/**
 * Names for the files of photos in a folder that may hold those of others: "img" for img.jpg,
 * unless that is taken by another photo, in this run or an earlier one; then "img.jpg", "img-2" …
 * A photo is the same as an earlier run's if it has the same bytes.
 */
export class PhotoPlaces {
  readonly #folder: Pick<OutputFolder, "setOf">;
  readonly #taken = new Set<string>();

  constructor(folder: Pick<OutputFolder, "setOf">) {
    this.#folder = folder;
  }

  /**
   * `hash` is of the photo's bytes, `ending` the end of a file that is there if any are, and
   * `about` what else its files are of.
   */
  place(path: string, hash: string, ending: string, about = ""): PhotoPlace {
    const whole = basename(path);
    const plain = whole.replace(/\.[^.]+$/, "") || whole;
    for (let number = 1; ; number += 1) {
      const named = number === 1 ? plain : number === 2 ? whole : `${plain}-${number - 1}`;
      const stem = fileName(about === "" ? named : `${named}.${about}`);
      const set = JSON.stringify(["photo", stem, hash]);
      const holder = this.#folder.setOf(`${stem}${ending}`);
      // disks that ignore case must not merge two photos
      if (this.#taken.has(stem.toLowerCase()) || (holder !== undefined && holder !== set)) continue;
      this.#taken.add(stem.toLowerCase());
      return { stem, set };
    }
  }
}
