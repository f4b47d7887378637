import { existsSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { type Candidate, count, detections, type Rule } from "../../../src/compare/dissections/counting.ts";

const CATEGORIES = ["object", "part", "scene", "material", "texture", "color"] as const;

/** A table of NetDissect: a unit a row, its best concept and IoU in every category. */
function candidates(csv: string): Candidate[] {
  const [head = "", ...rows] = csv.trim().split("\n");
  const columns = head.trim().split(",");
  const at = (name: string) => columns.indexOf(name);
  return rows.flatMap((row) => {
    const cells = row.trim().split(",");
    return CATEGORIES.map((category) => ({
      unit: Number(cells[at("unit")]),
      category,
      label: cells[at(`${category}-label`)]!,
      score: Number(cells[at(`${category}-iou`)]),
    }));
  });
}

const counted = (csv: string, rule: Rule) => count(detections(candidates(csv), rule, 0.04));
const unique = ({ categories }: ReturnType<typeof count>) =>
  CATEGORIES.map((name) => categories.get(name)?.unique ?? 0);

describe("the published tables of CVPR 2017", () => {
  const csv = readFileSync(new URL("../../golden/netdissect-alexnet-places365.csv", import.meta.url), "utf8");

  test("have, per category, the detectors of its figures: AlexNet trained on Places365", () => {
    const found = counted(csv, "per-category");
    expect(found).toMatchObject({ units: 118, detectors: 171, unique: 91 });
    expect(unique(found)).toEqual([40, 9, 13, 2, 25, 2]);
  });

  test("have fewer by best label, where a unit counts once", () => {
    const found = counted(csv, "best-label");
    expect(found).toMatchObject({ units: 118, detectors: 118, unique: 72 });
    expect(found.categories.get("object")!.unique).toBe(32);
  });

  // The other tables are not part of this repository.
  const shared = new URL("../../../../shared/golden/diagnosis/netdissect-cvpr/", import.meta.url);
  test.skipIf(!existsSync(shared)).each([
    ["caffe_reference_places205", 107, [36, 8, 12, 1, 20, 2], 60],
    ["caffe_reference_places365", 118, [40, 9, 13, 2, 25, 2], 72],
    ["caffe_reference_imagenet", 97, [21, 8, 4, 1, 23, 4], 50],
    ["ResNet-152-model_places365", 1452, [84, 26, 188, 5, 42, 2], 278],
    ["ResNet-152-model_imagenet", 1325, [75, 23, 89, 8, 45, 2], 197],
  ] as const)("%s (skipped where the shared golden files are absent)", (name, units, perCategory, byBest) => {
    const table = readFileSync(new URL(`${name}.csv`, shared), "utf8");
    const found = counted(table, "per-category");
    expect(found.units).toBe(units);
    expect(unique(found)).toEqual(perCategory);
    expect(counted(table, "best-label").unique).toBe(byBest);
  });
});

test("only what exceeds the threshold counts, and of equals the first", () => {
  const some: Candidate[] = [
    { unit: 0, label: "tree", category: "object", score: 0.04 },
    { unit: 1, label: "tree", category: "object", score: 0.5 },
    { unit: 1, label: "sky", category: "object", score: 0.5 },
    { unit: 1, label: "brick", category: "material", score: 0.2 },
    { unit: 2, label: "tree", category: "object", score: 0.3 },
  ];
  expect(count(detections(some, "best-label", 0.04))).toEqual({
    detectors: 2,
    units: 2,
    unique: 1,
    categories: new Map([["object", { detectors: 2, unique: 1 }]]),
  });
  expect(count(detections(some, "per-category", 0.04))).toMatchObject({ detectors: 3, units: 2, unique: 2 });
});
