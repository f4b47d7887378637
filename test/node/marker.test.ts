import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { OutputError } from "../../src/errors.ts";
import { aKind, kindIn, MARKER, Marker } from "../../src/node/marker.ts";

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "ganatomy-marker-"));
});
afterEach(() => rm(root, { recursive: true, force: true }));

const text = (): Promise<string> => readFile(join(root, MARKER), "utf8");

test("tells which kind of folder a run of ours began", async () => {
  expect(kindIn(root)).toBeUndefined();
  const marker = new Marker(root, "pictures");
  await marker.write();
  await marker.own("0.png", "a"); // a line more
  expect(kindIn(root)).toBe("pictures");
  for (const text of ["", "{", '{"kind":"pictures"}', '{"writtenBy":"ganatomy","kind":3}']) {
    await writeFile(join(root, MARKER), text);
    expect(kindIn(root)).toBeUndefined();
  }
});

test.each(["a report", "an export", "edits", "a walk", "unit importance", "merged"])("%s is said so", (said) => {
  expect(aKind(said)).toBe(said);
  expect(aKind(said.replace(/^an? /, ""))).toBe(said);
});

test("a whole list names files and sets in order, and no set that has no files", async () => {
  const marker = new Marker(root, "pictures");
  await marker.write();
  expect(await text()).toBe('{"writtenBy":"ganatomy","kind":"pictures","files":[]}\n');
  for (const set of ["late", "early", "mid", "none"]) await marker.start(set, `key of ${set}`);
  await marker.own("3.png", "late");
  await marker.own("2.png", "early");
  await marker.own("1.png", "early");
  await marker.own("0.png", "mid");
  await marker.write();
  expect(await text()).toBe(
    `${JSON.stringify({
      writtenBy: "ganatomy",
      kind: "pictures",
      files: ["0.png", "1.png", "2.png", "3.png"],
      sets: {
        early: { key: "key of early", files: ["1.png", "2.png"] },
        late: { key: "key of late", files: ["3.png"] },
        mid: { key: "key of mid", files: ["0.png"] },
      },
    })}\n`,
  );
  expect((await Marker.read(root, "pictures"))!.listed.files.get("0.png")).toBe("mid");
});

test("of files noted at once one write tells, and a file that is noted is not noted again", async () => {
  const marker = new Marker(root, "pictures");
  await Promise.all(["a", "b", "c"].map((file) => marker.own(file, "set")));
  const notes = ["a", "b", "c"].map((file) => JSON.stringify({ file, set: "set" }));
  expect(await text()).toBe(`\n${notes.join("\n")}\n`);
  await marker.own("b", "set");
  expect(await text()).toBe(`\n${notes.join("\n")}\n`);
  await marker.own("b", "another");
  expect(await text()).toContain('{"file":"b","set":"another"}');
});

test("none is none; one that cannot be read is no such thing", async () => {
  expect(await Marker.read(root, "pictures")).toBeUndefined();
  await mkdir(join(root, MARKER));
  await expect(Marker.read(root, "pictures")).rejects.toBeInstanceOf(OutputError);
});
