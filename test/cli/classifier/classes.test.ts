import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openClassNames, openTruth, type TruthOptions } from "../../../src/cli/classifier/classes.ts";
import { LabelsError, UsageError } from "../../../src/index.ts";

let home: string;
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), "ganatomy-classes-"));
});
afterAll(() => rm(home, { recursive: true, force: true }));

/** A file with this text. */
async function written(text: string, name = "file"): Promise<string> {
  const path = join(home, name);
  await writeFile(path, text);
  return path;
}

const classes = async (files: readonly string[], count: number, options: TruthOptions = {}) => {
  const truth = await openTruth(files, count, options);
  return { of: files.map((file) => truth.of(file)), names: truth.names, notes: truth.notes };
};

describe("by folders", () => {
  const files = ["b/1.jpg", "a/more/2.jpg", "c/3.jpg", "4.jpg"];

  test("as many as there are classes are numbered as ImageFolder numbers them, and it is said", async () => {
    const { of, names, notes } = await classes(files, 3);
    expect(of).toEqual([1, 0, 2, "lies in no class's folder"]);
    expect(names).toEqual(["a", "b", "c"]);
    expect(notes).toEqual(["The 3 classes are taken to be in the order of their names: a, b, c."]);
  });

  test("of many names the first four are told", async () => {
    const letters = ["e", "d", "c", "b", "a"];
    const note = async (count: number) =>
      (
        await classes(
          letters.slice(-count).map((letter) => `${letter}/1.jpg`),
          count,
        )
      ).notes[0];
    expect(await note(4)).toMatch(/names: a, b, c, d\.$/);
    expect(await note(5)).toMatch(/names: a, b, c, d, …\.$/);
  });

  test("numbers are the network's", async () => {
    expect(await classes(["9/a.jpg", "0/b.jpg", "10/c.jpg"], 10)).toMatchObject({
      of: [9, 0, '"10" is no class of the network'],
      notes: [],
    });
    // Also where there are as many of them as there are classes.
    expect((await classes(["1/a.jpg", "7/b.jpg"], 2)).of).toEqual([1, '"7" is no class of the network']);
  });

  test("numbers beside names are names, where there are as many as classes", async () => {
    expect(await classes(["beach/a.jpg", "1/b.jpg"], 2)).toMatchObject({ of: [1, 0], names: ["1", "beach"] });
  });

  test("names are those of --class-names", async () => {
    const classNames = await written("c\na\nb\n");
    expect((await classes(files, 3, { classNames })).of).toEqual([2, 1, 0, "lies in no class's folder"]);
    expect((await classes(["beech/1.jpg"], 2, { classNames: await written('["beach", "sea"]') })).of).toEqual([
      '"beech" is no class of the network; did you mean beach?',
    ]);
  });

  test("a number behind one name of many is the name's own", async () => {
    const classNames = await written("area\narea 1\n");
    expect(await classes(["area/1.jpg", "area 1/1.jpg"], 2, { classNames })).toMatchObject({
      ...{ of: [0, 1], names: ["area", "area 1"] },
    });
  });

  test("names of Places365, with their numbers, and of ImageNet, with their synsets", async () => {
    const places = await written("/a/airfield 0\n/a/alley 1\n");
    expect(await classes(["a/alley/x/1.jpg", "a/airfield/2.jpg"], 2, { classNames: places })).toMatchObject({
      of: ['"a/alley/x" is no class of the network; did you mean a/alley?', 0],
      names: ["/a/airfield", "/a/alley"],
    });
    const imagenet = await written('{"1": ["n02", "crane"], "0": ["n01", "tench"], "2": ["n03", "crane"]}');
    const found = await classes(["n02/1.jpg", "tench/2.jpg", "crane/3.jpg"], 3, { classNames: imagenet });
    expect(found.of).toEqual([1, 0, '"crane" is the name of 2 classes, 1, 2']);
    expect(found.names).toEqual(["tench", "crane", "crane"]);
  });

  test("without names they must be numbers", async () => {
    await expect(classes(["beach/1.jpg"], 3)).rejects.toThrow("photographs are of 1: beach");
    const none = await classes(["1.jpg"], 3);
    expect(none).toEqual({ of: ["lies in no class's folder"], names: ["0", "1", "2"], notes: [] });
    await expect(classes(files, 10)).rejects.toThrow(UsageError);
    await expect(classes(files, 10)).rejects.toThrow(
      "has 10 classes and no names of them, and photographs are of 3: a, b, c",
    );
    await expect(classes(files, 10, { classNames: await written("a\nb") })).rejects.toThrow("has 10 classes, and");
  });
});

test("one class by any of its names, or its number", async () => {
  const places = await openClassNames(2, await written("/a/airfield 0\n/a/alley 1\n"));
  expect(["a/alley", "/a/alley", "1", "2"].map((word) => places.of(word))).toEqual([
    ...[1, 1, 1],
    '"2" is no class of the network',
  ]);
  const imagenet = await openClassNames(
    3,
    await written('[["n01", "tench"], ["n02", "crane", "0"], ["n03", "crane"]]'),
  );
  expect(["n03", "tench", "0", "2", "crane"].map((word) => imagenet.of(word))).toEqual([
    ...[2, 0, 1, 2], // a class's name comes before another's number
    '"crane" is the name of 2 classes, 1, 2',
  ]);
  expect((await openClassNames(3)).of("2")).toBe(2);
});

describe("by a CSV", () => {
  test("with and without titles, in quotes, in any column", async () => {
    const files = ["x/1.jpg", "a, b.jpg", "3.jpg"];
    const truth = await written('./x/1.jpg,2\r\n"a, b.jpg",0\r\ngone.jpg,1\r\n');
    expect(await classes(files, 3, { truth })).toMatchObject({
      of: [2, 0, `is not in ${truth}`],
      notes: [`1 files of ${truth} are not there: gone.jpg`],
    });
    const titled = await written("\uFEFFwhen,Class,File\n1999,1,x\\1.jpg\n2000,2,3.jpg\n");
    expect((await classes(files, 3, { truth: titled })).of).toEqual([1, `is not in ${titled}`, 2]);
    for (const [text, of] of [
      ["class,file\n2,3.jpg\n", 2],
      ["file,class\n3.jpg,1\n", 1],
    ] as const) {
      expect((await classes(["3.jpg"], 3, { truth: await written(text) })).of).toEqual([of]);
    }
  });

  test("one title alone is none, and of many lost files three are named", async () => {
    const truth = await written("file,1\nclass,0\n3.jpg,2\n4.jpg,2\n");
    const { of, notes } = await classes(["file", "class"], 3, { truth });
    expect(of).toEqual([1, 0]);
    expect(notes).toEqual([`2 files of ${truth} are not there: 3.jpg, 4.jpg`]);
    const all = await classes([], 3, { truth });
    expect(all.notes).toEqual([`4 files of ${truth} are not there: file, class, 3.jpg`]);
  });

  test.each([
    ["1.jpg\n", "Line 1 of"],
    ["file,class\n\n1.jpg,\n", "Line 3 of"],
    ["1.jpg,0,9\n", "is no file and its class"],
    ["1.jpg,0\n./1.jpg,1\n", 'has ./1.jpg as "1", and before as "0"'],
    ["file,class\n", "has no rows"],
    ["", "has no rows"],
  ])("%j is refused", async (text, said) => {
    const truth = await written(text);
    await expect(classes(["1.jpg"], 3, { truth })).rejects.toThrow(LabelsError);
    await expect(classes(["1.jpg"], 3, { truth })).rejects.toThrow(said);
  });
});

test.each([
  ["[1]", "Class 0 has no name"],
  ['[["a", 1], "b"]', "Class 0 has no name"],
  ['["a", []]', "Class 1 has no name"],
  ['{"0": "a", "2": "b"}', "Class 1 has no name"],
  ["{", "is no JSON"],
])("names %s are refused", async (text, said) => {
  await expect(classes(["a/1.jpg"], 2, { classNames: await written(text) })).rejects.toThrow(said);
  await expect(classes(["a/1.jpg"], 2, { classNames: join(home, "gone") })).rejects.toThrow("cannot be read (ENOENT)");
});
