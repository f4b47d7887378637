import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { InvalidArgumentError } from "commander";
import { afterAll, beforeAll, expect, test } from "vitest";
import { noteMarks, unitsOrMarks, unmarked } from "../../src/cli/marks.ts";

const MARKS = { model: "church", layer: "layer4", units: [17, 3] };

let home: string;
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), "ganatomy-marks-"));
  await writeFile(join(home, "marks.json"), JSON.stringify(MARKS));
  await writeFile(join(home, "text.json"), "3, 17");
  await writeFile(join(home, "none.json"), JSON.stringify({ ...MARKS, units: [] }));
});
afterAll(() => rm(home, { recursive: true, force: true }));

test("units by number, or marked in a file", () => {
  expect(unitsOrMarks("3,5-7")).toEqual([3, 5, 6, 7]);
  expect(unitsOrMarks("1", [3])).toEqual([3, 1]);
  const marks = unitsOrMarks(`@${join(home, "marks.json")}`);
  expect(marks).toEqual(MARKS);
  expect(unmarked({ units: marks, size: 3 })).toEqual({ units: [17, 3], layer: "layer4", size: 3, marks: MARKS });
  expect(unmarked({ units: marks, layer: "layer4" }).layer).toBe("layer4");
  expect(unmarked({ units: [3], layer: "layer2" })).toEqual({ units: [3], layer: "layer2" });
  expect(unmarked({ layer: "layer2" })).toEqual({ layer: "layer2" });
  expect(() => unmarked({ units: marks, layer: "layer2" })).toThrow(/units of layer4, not of layer2/);
  expect(() => unitsOrMarks("3", marks)).toThrow(InvalidArgumentError);
  expect(() => unitsOrMarks(`@${join(home, "marks.json")}`, [3])).toThrow(/stands by itself/);
});

test.each([
  ["gone.json", /"[^"]*gone\.json" is not there/],
  ["", /is a folder/],
  ["text.json", /is no JSON, as marks are/],
  ["none.json", /No units are marked/],
])("@%s is refused", (file, message) => expect(() => unitsOrMarks(`@${join(home, file)}`)).toThrow(message));

test("marks of another model are said", () => {
  const notes: string[] = [];
  for (const model of ["church", "bedroom"]) noteMarks(MARKS, model, (text) => void notes.push(text));
  noteMarks(undefined, "church", (text) => void notes.push(text));
  expect(notes).toEqual([expect.stringContaining('units of "church", and this model is "bedroom"')]);
});
