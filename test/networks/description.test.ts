import { describe, expect, it } from "vitest";
import { WeightsError } from "../../src/errors.ts";
import { parseDescription } from "../../src/networks/description.ts";

const LEAST = {
  z: 4,
  image: [3, 2, 2],
  range: "-1..1",
  operations: [
    { op: "linear", weight: "w" },
    { op: "reshape", shape: [3, 2, 2] },
  ],
};

describe("a description", () => {
  it("has as many operations as its bytes may say, and no more", () => {
    const long = (count: number, step: object) => ({ ...LEAST, operations: new Array<object>(count).fill(step) });
    const [short, named] = [{ op: "relu" }, { op: "leakyRelu", slope: 0.0123456789012345, x: "z" }];
    expect(parseDescription(long(2 ** 13, short)).operations).toHaveLength(8192);
    expect(() => parseDescription(long(2 ** 13 + 1, short))).toThrow(WeightsError);
    const json = JSON.stringify(long(30_000, named));
    expect(parseDescription(json).operations).toHaveLength(30_000);
    const less = JSON.stringify(long(30_000, short));
    expect(() => parseDescription(less)).toThrow(
      `has 30000 operations, more than ${8192 + Math.floor(less.length / 64)} in so many bytes`,
    );
    const more = JSON.stringify(long(40_000, { ...named, slope: 0.1 })).padEnd(8e6);
    expect(() => parseDescription(more)).toThrow("has 40000 operations, more than 32768 in so many bytes");
  });

  it("is read from JSON or from what JSON says, with x and to in all steps", () => {
    const operations = [
      { op: "linear", x: "z", to: "step 0", weight: "w" },
      { op: "reshape", x: "step 0", to: "step 1", shape: [3, 2, 2] },
    ];
    expect(parseDescription(LEAST)).toEqual({ ...LEAST, operations });
    // A byte order mark is what some editors begin a file with.
    expect(parseDescription(`\uFEFF${JSON.stringify(LEAST)}`)).toEqual({ ...LEAST, operations });
  });

  it.each<readonly [string, object]>([
    [
      "where it is from",
      { source: "a", commit: "b", licence: "MIT", sha256: "c", bytes: 3, f32_f64_max_difference: 0 },
    ],
    ["how z is drawn", { latent: "normal(0,1)" }],
    ["null for what it does not have", { classes: null, crop: null, labels: null }],
    ["how many classes", { classes: 10, operations: [{ op: "concatEmbedding", table: "t" }] }],
    ["names of classes", { classes: ["cat", "dog"], operations: [{ op: "embedding", x: "label", table: "t" }] }],
    ["a crop", { crop: [1, 2] }],
    ["tiles and their names", { range: "tiles", image: [5, 2, 2], labels: ["sky", "ground"] }],
    ["what it is", { architecture: "my DCGAN" }],
  ])("may say %s", (_, more) => {
    expect(parseDescription({ ...LEAST, ...more })).toMatchObject(Object.fromEntries(Object.entries(more).slice(0, 1)));
  });

  it.each<readonly [string, unknown, string]>([
    ["no JSON", '{\n  "z": 4,\n  "image": [3 8]\n}', "is not JSON at line 3, column 15, where a comma or ] would be"],
    [
      "nothing of one",
      { name: 1, version: 2 },
      "is none: it holds name, version, and neither z, image, range nor operations",
    ],
    [
      "some in it",
      { "a.pth": LEAST, "b.pth": LEAST, note: null },
      "is none, but holds some: a.pth, b.pth; take one of them",
    ],
    ["a list", [LEAST], "is no JSON object"],
    ["nothing", null, "is no JSON object"],
    ["a misspelt key", { ...LEAST, opperations: [] }, 'has an unknown "opperations"; did you mean operations'],
    ["a key like no other", { ...LEAST, qqqq: 1 }, 'has an unknown "qqqq"; it has architecture, z, classes, latent'],
    ["no z", { ...LEAST, z: undefined }, 'has no proper "z", which is a whole number from 1 to 65536'],
    ["a z of text", { ...LEAST, z: "4" }, 'has no proper "z"'],
    [
      "an image of two extents",
      { ...LEAST, image: [2, 2] },
      'has no proper "image", which is [channels, rows, columns]',
    ],
    ["another range", { ...LEAST, range: "0..255" }, 'has no proper "range", which is one of -1..1, 0..1, tiles'],
    ["another latent", { ...LEAST, latent: "uniform" }, 'has no proper "latent", which is one of normal(0,1)'],
    ["a crop of one extent", { ...LEAST, crop: [2] }, 'has no proper "crop", which is [rows, columns], or null'],
    ["no classes", { ...LEAST, classes: [] }, 'has no proper "classes"'],
    ["no operations", { ...LEAST, operations: [] }, 'has no proper "operations", which is a list of operations'],
    ["a step that is none", { ...LEAST, operations: [null] }, "unknown operation at step 0"],
    ["an unknown field", { ...LEAST, operations: [{ op: "linear", weigth: "w" }] }, "did you mean weight"],
    [
      "a label without classes",
      { ...LEAST, operations: [{ op: "embedding", x: "label", table: "t" }] },
      'uses "label" at step 0 before it is made',
    ],
    ["images of two channels", { ...LEAST, image: [2, 2, 2] }, "has images of 2 channels; 1 is grey"],
    ["a crop that is larger", { ...LEAST, crop: [3, 2] }, "counts 3×2 of images of 2×2"],
    ["a crop that is wider", { ...LEAST, crop: [2, 3] }, "counts 2×3"],
    ["tiles' names of what is none", { ...LEAST, labels: ["a"] }, 'has "labels", which are for the range "tiles"'],
    ["too many tiles' names", { ...LEAST, range: "tiles", labels: ["a", "b", "c", "d"] }, "names 4 tiles of 3"],
    [
      "two layers of one name",
      {
        ...LEAST,
        operations: [
          { op: "layer", name: "a" },
          { op: "layer", name: "a" },
        ],
      },
      'names two things "a"',
    ],
    ["a layer called z", { ...LEAST, operations: [{ op: "layer", name: "z" }] }, 'names two things "z"'],
    ["a layer called image", { ...LEAST, operations: [{ op: "layer", name: "image" }] }, 'names two things "image"'],
  ])("with %s is refused", (_, given, message) => {
    const read = () => parseDescription(given);
    expect(read).toThrow(WeightsError);
    expect(read).toThrow(message);
  });
});
