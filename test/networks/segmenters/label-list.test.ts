import { describe, expect, it } from "vitest";
import { LabelsError } from "../../../src/errors.ts";
import { listedLabels } from "../../../src/networks/segmenters/label-list.ts";

const of = (...names: string[]) => ({
  categories: [{ name: "object" }],
  labels: names.map((name) => ({ name, category: "object" })),
});

describe("a label file", () => {
  it("is JSON as it is, or a list of names, one a channel", () => {
    expect(listedLabels('{ "object": ["-", "wall"] }', "labels.json")).toEqual({ object: ["-", "wall"] });
    expect(listedLabels('["wall", "sky"]', "names.json")).toEqual(of("wall", "sky"));
    expect(listedLabels('["screen", "sky", "screen"]', "names.json")).toEqual(of("screen", "sky", "screen (2)"));
  });

  it("is semantic-segmentation-pytorch's table: row i is channel i - 1, the first of its names counts", () => {
    const table = [
      "Idx,Ratio,Train,Val,Stuff,Name",
      "1,0.1576,11664,1172,1,wall",
      '2,0.1072,6046,612,1,"building, edifice;house"',
      '3,0.0878,8265,796,1,say ""no"";sky',
      '4,0.0878,8265,796,1,"a ""quoted"" door;x"',
      "",
    ];
    for (const end of ["\n", "\r\n"]) {
      for (const mark of ["", "\uFEFF"]) {
        expect(listedLabels(mark + table.join(end), "object150_info.csv")).toEqual(
          of("wall", "building, edifice", 'say ""no""', 'a "quoted" door'),
        );
      }
    }
  });

  it.each([
    ["no JSON", "wall\nsky", /neither JSON nor a table of names/],
    ["an empty list", "[]", /list in x is empty/],
    ["a list of other things", '["wall", 3]', /Entry 1 of the list in x is no name/],
    ["a table without names", "Idx,Ratio\n1,0.5", /no rows of Idx and Name/],
    ["a table without rows", "Idx,Name", /no rows of Idx and Name/],
    ["a table that counts from 0", "Idx,Name\n0,wall", /Row 1 of x is 0,wall, not label 1/],
    ["a row without a name", "Idx,Name\n1,;wall", /Row 1 of x/],
  ])("that is %s is refused", (_, text, said) => {
    expect(() => listedLabels(text, "x")).toThrow(LabelsError);
    expect(() => listedLabels(text, "x")).toThrow(said);
  });
});
