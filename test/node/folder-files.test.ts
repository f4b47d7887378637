import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { folderFiles } from "../../src/node/folder-files.ts";

let home: string;
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), "ganatomy-files-"));
  await mkdir(join(home, "in/layer4"), { recursive: true });
  await mkdir(join(home, "inside"));
  await writeFile(join(home, "in/layer4/a.txt"), "a");
  await writeFile(join(home, "secret.txt"), "secret");
  await writeFile(join(home, "inside/secret.txt"), "secret");
  await symlink(join(home, "secret.txt"), join(home, "in/link.txt"));
  await symlink("layer4/a.txt", join(home, "in/inner-link.txt"));
  await symlink("layer4", join(home, "in/inner-folder"));
  await symlink(home, join(home, "in/out"));
  await symlink(join(home, "in"), join(home, "by-link"));
});
afterAll(() => rm(home, { recursive: true, force: true }));

const read = async (path: string, folder = "in") => {
  const bytes = await folderFiles(join(home, folder)).read(path);
  return bytes && new TextDecoder().decode(bytes);
};

test("files in the folder, and in folders within, also where the folder is known by a link", async () => {
  expect(await read("layer4/a.txt")).toBe("a");
  expect(await read("layer4/a.txt", "by-link")).toBe("a");
  expect(await read("./layer4/a.txt")).toBe("a"); // as the published reports of a layer name it
});

test.each([
  ["nothing there", "none.txt"],
  ["a folder", "layer4"],
  ["no name", ""],
  ["the folder above", "../secret.txt"],
  ["the folder above, by way of one within", "layer4/../../secret.txt"],
  ["a folder whose name begins alike", "../inside/secret.txt"],
  ["a link to a file outside", "link.txt"],
  ["a link to a folder outside", "out/secret.txt"],
  ["a link to a file inside", "inner-link.txt"],
  ["a link to a folder inside", "inner-folder/a.txt"],
  ["a file as a folder", "layer4/a.txt/b"],
])("%s: no file", async (_, path) => expect(await read(path)).toBeUndefined());

test("a folder that is not there has no files", async () => expect(await read("a", "none")).toBeUndefined());
