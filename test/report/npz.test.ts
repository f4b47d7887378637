import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { toNpz } from "../../src/report/npz.ts";
import { fixture, severalChannels } from "./fixture.ts";

/** What NumPy says of it. */
function numpy(file: Uint8Array, expression: string): unknown {
  const folder = mkdtempSync(join(tmpdir(), "npz-"));
  try {
    writeFileSync(join(folder, "tables.npz"), file);
    const program = `import json, sys, numpy\na = numpy.load(sys.argv[1])\nprint(json.dumps(${expression}))`;
    return JSON.parse(
      execFileSync("/usr/bin/python3", ["-c", program, join(folder, "tables.npz")], { encoding: "utf8" }),
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

test("NumPy reads the tables and the names of their rows", () => {
  const { dissection } = severalChannels();
  const named = dissection.labels.map((label, i) => (i === 1 ? { ...label, name: "ciel d'été 🌤" } : label));
  const file = toNpz({ ...dissection, labels: named });
  const [layer] = dissection.layers;
  const lists = ["labels", "label_categories", "categories", "layers"].map((name) => `a['${name}'].tolist()`);
  const scores = "a['layer4.iou'].shape, a['layer4.iou'].dtype.str, a['layer4.iou'].tolist()";
  const rest = "a['layer4.intersection'].dtype.str, sorted(a.files)";
  const read = numpy(file, `[${lists.join()}, ${scores}, ${rest}]`) as unknown[];
  const units = layer!.units.length;
  expect(read.slice(0, 4)).toEqual([
    ["-", "ciel d'été 🌤", "tree (object)", "grass", "house", "brick", "tree (material)", "sky-t"],
    named.map(({ category }) => category),
    [...dissection.categories],
    dissection.layers.map((one) => one.layer),
  ]);
  expect(read.slice(4, 6)).toEqual([[named.length, units], "<f4"]);
  expect((read[6] as number[][]).flat()).toEqual([...Float32Array.from(layer!.tables.iou)]);
  expect(read[7]).toBe("<u4");
  expect(read[8]).toEqual(expect.arrayContaining(["layer4.level", "layer6.top_image", "label_pixels"]));
});

test("equal dissections give equal files", () => {
  expect(toNpz(fixture().dissection)).toEqual(toNpz(fixture().dissection));
});
