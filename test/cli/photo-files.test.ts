import { execFileSync } from "node:child_process";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { PhotoPlaces, photoFiles } from "../../src/cli/photo-files.ts";
import { PhotoError } from "../../src/errors.ts";

let home: string;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), "ganatomy-photos-"));
});
afterEach(() => rm(home, { recursive: true, force: true }));

test("a folder means the pictures in it, by their names, and nothing else there", async () => {
  for (const name of ["b.PNG", "a.jpeg", "c.jpg", "notes.txt", "._a.jpg"]) await writeFile(join(home, name), "");
  await mkdir(join(home, "deeper.jpg"));
  // nobody writes into it: to read it would never end
  execFileSync("mkfifo", [join(home, "pipe.jpg")]);
  await writeFile(join(home, "deeper.jpg/d.jpg"), "");
  const notes: string[] = [];
  const note = (text: string) => void notes.push(text);
  const all = ["a.jpeg", "b.PNG", "c.jpg"].map((name) => join(home, name));
  expect(await photoFiles([join(home, "c.jpg"), home], note)).toEqual([all[2], all[0], all[1]]);
  expect(notes.sort()).toEqual([
    `Left out: "${all[2]}" is named twice.`,
    `Left out: "${join(home, "deeper.jpg")}" is a folder.`,
    `Left out: "${join(home, "pipe.jpg")}" is no regular file.`,
  ]);
  await mkdir(join(home, "empty"));
  await expect(photoFiles([join(home, "empty")], note)).rejects.toThrow(/holds no pictures/);
  await expect(photoFiles([join(home, "none.jpg")], note)).rejects.toThrow(PhotoError);
});

test("a link to a photo that is named too is the same photo", async () => {
  await writeFile(join(home, "a.jpg"), "");
  await symlink(join(home, "a.jpg"), join(home, "b.jpg"));
  const notes: string[] = [];
  expect(await photoFiles([join(home, "b.jpg"), join(home, "a.jpg")], (text) => void notes.push(text))).toEqual([
    join(home, "b.jpg"),
  ]);
  expect(notes).toEqual([`Left out: "${join(home, "a.jpg")}" is named twice, first as "${join(home, "b.jpg")}".`]);
});

/** The places of photos, in a folder where these were written by earlier runs. */
function placed(earlier: Record<string, string>, ...photos: readonly (readonly [string, string])[]): string[] {
  const places = new PhotoPlaces({ setOf: (path) => earlier[path] });
  return photos.map(([path, hash]) => places.place(path, hash, ".json").stem);
}

test("two of one stem, and of one name, are told apart", () => {
  expect(placed({}, ["img.jpg", "1"], ["img.png", "2"], ["b/img.jpg", "3"], ["c/IMG.jpg", "4"])).toEqual([
    "img",
    "img.png",
    "img.jpg",
    "IMG-2",
  ]);
  expect(placed({}, [".png", "1"], ["con.png", "2"], ["a:b.png", "3"])).toEqual(["%2epng", "%63on", "a%3ab"]);
});

test("another photo's files are left, the same photo's are found again", () => {
  const set = new PhotoPlaces({ setOf: () => undefined }).place("a/img.jpg", "1", ".json").set;
  const earlier = { "img.json": set };
  expect(placed(earlier, ["b/img.jpg", "2"], ["elsewhere/img.jpg", "1"])).toEqual(["img.jpg", "img"]);
  expect(placed({ "img.json": "" }, ["a/img.jpg", "1"])).toEqual(["img.jpg"]);
});

test("what is measured of a photo is in its name", () => {
  const { stem } = new PhotoPlaces({ setOf: () => undefined }).place("img.jpg", "1", ".json", "a/b");
  expect(stem).toBe("img.a%2fb");
});
