import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterEach, beforeEach, expect, test } from "vitest";
import { installPeers } from "../../scripts/peers.mjs";

let folder: string;
/** A package with one in its own folder. */
const write = async (dependencies: object = { given: "file:given" }) => {
  const root = { name: "folder", dependencies: { given: "file:given" } };
  const packages = {
    "": root,
    given: { version: "1.0.0" },
    "node_modules/given": { resolved: "given", link: true },
  };
  await mkdir(join(folder, "given"), { recursive: true });
  await writeFile(join(folder, "given/package.json"), JSON.stringify({ name: "given", version: "1.0.0" }));
  await writeFile(join(folder, "package.json"), JSON.stringify({ ...root, private: true, dependencies }));
  const lock = { name: "folder", lockfileVersion: 3, requires: true, packages };
  await writeFile(join(folder, "package-lock.json"), JSON.stringify(lock));
};
const install = (): string[] => {
  const said: string[] = [];
  installPeers((line: string) => said.push(line), pathToFileURL(`${folder}/`));
  return said;
};
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "ganatomy-peers-"));
  await write();
});
afterEach(() => rm(folder, { recursive: true, force: true }));

test("peers are installed once, and again when what was locked changes", async () => {
  expect(install()).toEqual([expect.stringContaining("npm ci in bench/")]);
  expect(install()).toEqual([]);
  await writeFile(join(folder, "package-lock.json"), `${await readFile(join(folder, "package-lock.json"), "utf8")}\n`);
  expect(install()).toHaveLength(1);
});

test("what npm refuses is said with the command that shows why, and tried again", async () => {
  await write({ given: "file:given", other: "file:other" });
  expect(install).toThrow(/`npm ci --prefix bench` says why/);
  expect(install).toThrow(/`npm ci --prefix bench` says why/);
});

test("what a link leads to is left alone", async () => {
  const others = join(folder, "others");
  await mkdir(others);
  await writeFile(join(others, "theirs.txt"), "theirs");
  await symlink(others, join(folder, "node_modules"), "junction");
  expect(install).toThrow(/is a link to what another lock names/);
  expect(await readdir(others)).toEqual(["theirs.txt"]);
});
