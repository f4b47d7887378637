import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { parseCsv } from "../../bench/before/outputs.mjs";
import type { UnitImportance } from "../../src/causality/unit-importance.ts";
import { compare } from "../../src/compare/index.ts";
import { unitEffectsCsv } from "../../src/report/ablation.ts";
import { artifactsCsv } from "../../src/report/artifacts.ts";
import { conceptsCsv, inputsCsv } from "../../src/report/comparison.ts";
import { contextCsv } from "../../src/report/context.ts";
import { toCsv } from "../../src/report/csv.ts";
import { importanceCsv } from "../../src/report/importance.ts";
import { layerOf } from "../compare/dissections/layers.ts";
import { artifactFindings } from "./artifact-findings.ts";
import { fixture } from "./fixture.ts";

// Runs: src/report/csv.ts

/** Begins of cells that spreadsheets run. */
const STARTS = ["=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠"];

type Names = (what: string) => string;

const compared = (name: Names) => {
  const about = {
    source: name("source"),
    model: name("model"),
    layer: name("layer"),
    labels: ["-", "tree", "sky", "never", "brick"].map((label) => ({ name: name(label), category: name("object") })),
    categories: [name("object"), name("material")],
  };
  return compare([layerOf({ units: [[1, 0.9]], about }), layerOf({ units: [[2, 0.8]], about })]);
};

/** Every function that writes CSV, with everything that comes from files named by `name`. */
const WRITERS: Readonly<Record<string, (name: Names) => string>> = {
  toCsv: (name) => {
    const { dissection } = fixture();
    const labels = dissection.labels.map((label) => ({ name: name(label.name), category: name(label.category) }));
    return toCsv({
      ...dissection,
      labels,
      layers: dissection.layers.map((each) => ({ ...each, layer: name("layer") })),
    });
  },
  contextCsv: (name) =>
    contextCsv({
      ...{ concept: name("tree"), layer: name("layer"), units: [1], before: 4, cells: [[-2]] },
      effects: [{ concept: name("door"), category: name("object"), places: 3, gain: -2.5, share: null }],
    }),
  importanceCsv: (name) => {
    const numbers = Float64Array.of(-0.25, 0.5);
    const one = { class: 1, name: name("class"), order: [1, 0], rankingDrop: numbers, drop: numbers };
    return importanceCsv({ layer: name("layer"), units: 2, left: [], classes: [one] } as unknown as UnitImportance);
  },
  // Holds no text but its head.
  artifactsCsv: () => artifactsCsv(artifactFindings(true)),
  unitEffectsCsv: (name) =>
    unitEffectsCsv(["-", name("tree"), name("door")], [0, 5, 3], [{ unit: 2, pixels: [0, 1, 3] }]),
  inputsCsv: (name) => inputsCsv(compared(name)),
  conceptsCsv: (name) => conceptsCsv(compared(name)),
};

const sources = readdirSync("src", { recursive: true, encoding: "utf8" })
  .filter((path) => path.endsWith(".ts"))
  .map((path) => ({ path, text: readFileSync(`src/${path}`, "utf8") }));

test("these are all writers, and all use one function", () => {
  const writers = sources.flatMap(({ text }) =>
    [...text.matchAll(/^export (?:const|function) (\w+)(?:(?!^export )[\s\S])*?\bcsvText\(/gm)]
      .map(([, name]) => name!)
      .filter((name) => name !== "csvText"),
  );
  expect(writers.sort()).toEqual(Object.keys(WRITERS).sort());
  for (const { path, text } of sources) {
    for (const [line] of text.matchAll(/^.*\bwrite\(.*\.[ct]sv[^\w].*$/gm)) {
      const by = Object.keys(WRITERS).filter((name) => line.includes(`${name}(`));
      expect([path, line, by.length]).toEqual([path, line, 1]);
    }
    const joined = path !== "report/csv.ts" && /"\\t"\)/.test(text);
    const unguarded = /\.tsv\b/.test(text) && !text.includes("tsvText(");
    expect([path, joined || unguarded]).toEqual([path, false]);
  }
});

test.each(Object.entries(WRITERS))("%s writes no cell that a spreadsheet runs", (writer, write) => {
  const numbers = (cells: string[][]) => cells.map((row) => row.filter((cell) => !cell.includes("NAMED")));
  const plain = numbers(parseCsv(write((what) => `NAMED ${what}`)));
  for (const start of STARTS) {
    const cells: string[][] = parseCsv(write((what) => `${start}NAMED ${what}`));
    const run = cells.flat().filter((cell) => STARTS.some((each) => cell.startsWith(each)));
    expect(run.filter((cell) => cell !== `${Number(cell)}`)).toEqual([]);
    // Negative ones too are the same as ever.
    expect(numbers(cells)).toEqual(plain);
    if (writer !== "artifactsCsv") expect(cells.flat().filter((cell) => cell.startsWith(`'${start}`))).not.toEqual([]);
  }
});
