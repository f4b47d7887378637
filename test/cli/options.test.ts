import { InvalidArgumentError } from "commander";
import { describe, expect, test } from "vitest";
import {
  alpha,
  extent,
  heads,
  insertedValue,
  layers,
  mask,
  named,
  positive,
  quantileThreshold,
  seed,
  size,
  units,
  whole,
} from "../../src/cli/options.ts";

type Parser = (text: string) => unknown;

const PARSERS: readonly [string, Parser, readonly [string, unknown][], readonly string[]][] = [
  [
    "a whole number from 2 to 40",
    whole("It", 2, 40),
    [
      ["2", 2],
      ["40", 40],
      ["007", 7],
    ],
    ["1", "41", "", " ", "2.0", "1e1", "-3", "0x5", "3 4"],
  ],
  [
    "a number from 0",
    positive("It"),
    [
      ["0", 0],
      ["0.005", 0.005],
      ["1e3", 1000],
    ],
    ["", " ", "-0.1", "Infinity", "NaN", "x"],
  ],
  [
    "a seed",
    seed,
    [
      ["0", 0],
      ["4294967295", 4294967295],
    ],
    ["4294967296", "-1"],
  ],
  [
    "a number of images",
    size,
    [
      ["1", 1],
      ["1000000", 1000000],
    ],
    ["0", "1000001"],
  ],
  [
    "layers",
    layers,
    [
      ["layer4", ["layer4"]],
      ["a, b,a", ["a", "b"]],
    ],
    ["", "a,", ",a", "a,,b"],
  ],
  [
    "a threshold",
    quantileThreshold,
    [
      ["iqr", "iqr"],
      ["maxiou", "maxiou"],
      ["0.01", 0.01],
    ],
    ["0", "1", "", "-0.5", "IQR", "x"],
  ],
  [
    "a name",
    named,
    [
      ["a b", "a b"],
      [" a", " a"],
    ],
    ["", " ", "\t"],
  ],
  [
    "heads",
    heads,
    [
      ["object", ["object"]],
      ["material, part,material", ["material", "part"]],
    ],
    ["", "objects", "object,", "scene"],
  ],
  [
    "an extent, height first",
    extent,
    [
      ["512", [512, 512]],
      ["640x480", [480, 640]],
      ["640×480", [480, 640]],
      ["8x9999", [9999, 8]],
      ["9999x8", [8, 9999]],
    ],
    ["7", "8x7", "7x8", "10000", "640x", "x480", "640*480", "", "1e3"],
  ],
  [
    "units",
    units,
    [
      ["3,17", [3, 17]],
      ["3-5, 17,4", [3, 4, 5, 17]],
      ["0-0", [0]],
      ["999999", [999999]],
    ],
    ["5-3", "a", "", "1,", "-1", "1-2-3", "1000000", "1.5"],
  ],
  [
    "a fraction",
    alpha,
    [
      ["0", 0],
      ["1", 1],
      ["0.25", 0.25],
    ],
    ["", " ", "1.01", "-0.01", "x"],
  ],
  [
    "a value or a quantile",
    insertedValue,
    [
      ["4.5", 4.5],
      ["-3.5", -3.5],
      ["0", 0],
      ["2", 2],
      ["q0", { quantile: 0 }],
      ["q1", { quantile: 1 }],
      ["q0.99", { quantile: 0.99 }],
    ],
    ["", "q", "q2", "q-0.1", "x", "Infinity", "qq1"],
  ],
  [
    "a mask",
    mask,
    [
      ["a.png", "a.png"],
      ["1,2,a", "1,2,a"],
      ["0,0,1,1", [0, 0, 1, 1]],
      ["16, 0,32,64", [16, 0, 32, 64]],
    ],
    ["", " ", "1,2,3", "1,2,3,4,5", "5", "3,0,2,8", "2,0,2,8", "0,8,2,8", "0,9,2,8", "-1,0,2,8", "0,0,0.5,1"],
  ],
];

describe.each(PARSERS)("%s", (_, parse, right, wrong) => {
  test.each(right)("%j", (text, value) => expect(parse(text)).toEqual(value));
  test.each(wrong.map((text) => [text]))("not %j", (text) => {
    expect(() => parse(text)).toThrow(InvalidArgumentError);
    expect(() => parse(text)).toThrow(/\.$/);
  });
});

test("what is wrong is named", () => {
  expect(() => whole("The batch size", 1, 1024)("0")).toThrow("The batch size is a whole number from 1 to 1024.");
  expect(() => positive("The rate")("-1")).toThrow("The rate is a number from 0.");
});

test("units and layers of an option that is given twice are put together, each once", () => {
  expect(units("3-4", [9, 3])).toEqual([9, 3, 4]);
  expect(layers("b,c", ["c", "a"])).toEqual(["c", "a", "b"]);
});
