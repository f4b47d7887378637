import { describe, expect, test } from "vitest";
import type { Dissection } from "../../src/dissect/result.ts";
import { fileName, layerFolders, safeFolder, toGandissect, toGandissectLayer } from "../../src/report/gandissect.ts";
import { fixture } from "./fixture.ts";
import { golden, goldenDissection } from "./published.ts";

const { dissection } = fixture();

describe("against what the published code wrote for the small model", () => {
  const report = toGandissect(goldenDissection());
  const layers = golden().layers;

  test("concepts, their order and their units are the same", () => {
    expect(report.layers.map(({ labels }) => labels)).toEqual(layers.map(({ labels }) => labels));
    expect(report.layers.map(({ interpretable }) => interpretable)).toEqual(layers.map((layer) => layer.interpretable));
  });

  test("every field of every unit is the same", () => {
    const units = report.layers.map((layer) => layer.units.map(({ top, ...unit }) => unit));
    expect(units).toEqual(layers.map((layer) => layer.units));
  });

  test("the order by label is interpretable first, then the commoner concept, then the better unit", () => {
    layers.forEach((layer, i) => {
      const position = report.layers[i]!.rankings.find(({ name }) => name === "label")!.score;
      const order = layer.units.map((_, unit) => unit).sort((a, b) => position[a]! - position[b]!);
      const keys = order.map((unit) => {
        const { interp, iou_label, iou } = layer.units[unit]!;
        const group = layer.labels.find(({ label }) => label === iou_label)?.units ?? [];
        return { interp, size: group.length, iou_label, iou: Number(iou) };
      });
      for (let at = 1; at < keys.length; at++) {
        const [a, b] = [keys[at - 1]!, keys[at]!];
        expect(Number(a.interp)).toBeGreaterThanOrEqual(Number(b.interp));
        if (a.interp !== b.interp) continue;
        expect(a.size).toBeGreaterThanOrEqual(b.size);
        if (a.iou_label === b.iou_label) expect(a.iou).toBeGreaterThanOrEqual(b.iou);
      }
      expect(order.slice(0, layer.interpretable).every((unit) => layer.units[unit]!["interp"])).toBe(true);
      // The whole first group stands together.
      const first = keys[0]!;
      expect(keys.slice(0, first.size).every(({ iou_label }) => iou_label === first.iou_label)).toBe(true);
    });
  });
});

test("the record has exactly the fields of the published one", () => {
  const report = toGandissect(dissection);
  expect(Object.keys(report)).toEqual([
    "netname",
    "meta",
    "default_ranking",
    "quantile_threshold",
    "settings",
    "iou_threshold",
    "iqr_threshold",
    "segcolors",
    "layers",
  ]);
  expect(report).toMatchObject({ default_ranking: "label", quantile_threshold: "iqr", iou_threshold: 0.05 });
  const layer = report.layers[0]!;
  expect(layer.iou_threshold).toEqual([0.05]);
  expect(layer).toMatchObject({ bargraph: "bargraph.svg", dirname: "layer4" });
  expect(report.segcolors["0,0,0"]).toBe("-");
});

test("rankings come in the published order and lower is better", () => {
  const layer = toGandissect(dissection).layers[0]!;
  const names = layer.rankings.map(({ name }) => name);
  expect(names.slice(0, 6)).toEqual(["unit", "label", "max iou", "max maxiou", "max iqr", "max cor"]);
  const concepts = layer.rankings.slice(6).map(({ concept }) => concept);
  const each = concepts.length / 4;
  expect(names.slice(6, 6 + each).every((name) => name.endsWith("-iou"))).toBe(true);
  expect(names.slice(6 + each).map((name) => name.split("-").at(-1))).toEqual([
    ...Array(each).fill("maxiou"),
    ...Array(each).fill("iqr"),
    ...Array(each).fill("cor"),
  ]);
  const best = layer.rankings.find(({ name }) => name === "max iou")!;
  expect(best.metric).toBe("iou");
  expect(best.score).toEqual(layer.units.map(({ iou }) => -iou!));
  const units = dissection.layers[0]!.units.length;
  const tree = layer.rankings.find(({ name }) => name === "tree-iou")!;
  expect(tree.concept).toBe("tree");
  expect(tree.score[3]).toBe(-dissection.layers[0]!.tables.iou[2 * units + 3]!);
});

test("the most frequent concept over all layers comes first", () => {
  const count = new Map<number, number>();
  for (const { label } of dissection.layers.flatMap(({ units }) => units))
    count.set(label, (count.get(label) ?? 0) + 1);
  const rankings = toGandissect(dissection).layers[1]!.rankings.filter(({ name }) => /.-iou$/.test(name));
  const counts = rankings.map(({ concept }) => count.get(dissection.labels.findIndex(({ name }) => name === concept))!);
  expect(counts).toEqual([...counts].sort((a, b) => b - a));
});

test("a quarter of a concept counts as its whole", () => {
  const labels = dissection.labels.map((label, i) => (i === 5 ? { name: "sky-tl", category: "object" } : label));
  const concepts = toGandissect({ ...dissection, labels }).layers[0]!.rankings.map(({ concept }) => concept);
  expect(concepts).toContain("sky");
  expect(concepts).not.toContain("sky-tl");
});

test("a quarter counts as the object it is a quarter of, though it is a part", () => {
  const relabelled = (changes: Readonly<Record<number, { name: string; category: string }>>) => {
    const labels = dissection.labels.map((label, i) => changes[i] ?? label);
    return toGandissect({ ...dissection, labels }).layers[0]!.rankings.map(({ concept }) => concept);
  };
  const parts = relabelled({ 5: { name: "sky-t", category: "part" } });
  expect(parts).toContain("sky");
  expect(parts).not.toContain("sky-t");
  // Of two of that name it is the object, whichever comes first.
  const material = { name: "sky", category: "material" };
  const twice = relabelled({
    1: material,
    3: { name: "sky", category: "object" },
    5: { name: "sky-r", category: "part" },
  });
  expect(twice).toContain("sky (object)");
  expect(twice).not.toContain("sky-r");
});

test("two labels of one name stay apart", () => {
  const labels = dissection.labels.map((label, i) => (i === 5 ? { name: "sky", category: "material" } : label));
  const names = toGandissect({ ...dissection, labels }).layers[0]!.rankings.map(({ name }) => name);
  expect(names).toContain("sky (object)-iou");
  expect(names).toContain("sky (material)-iou");
  expect(new Set(names).size).toBe(names.length);
});

test("nothing is ever NaN", () => {
  const layer = dissection.layers[0]!;
  const units = layer.units.map((unit) => ({ ...unit, iou: Number.NaN, level: Number.POSITIVE_INFINITY }));
  const tables = { ...layer.tables, iou: layer.tables.iou.map(() => Number.NaN) };
  const text = JSON.stringify(toGandissect({ ...dissection, layers: [{ ...layer, units, tables }] }));
  expect(text).not.toMatch(/NaN|Infinity/);
  const read = JSON.parse(text).layers[0];
  expect(read.units[0]).toMatchObject({ iou: null, level: null });
  expect(read.rankings[2].score).toEqual(units.map(() => 0));
});

test("without labels only the order by unit is left", () => {
  const report = toGandissect({ ...dissection, labels: dissection.labels.slice(0, 1), labelPixels: [0] });
  expect(report.default_ranking).toBe("unit");
  expect(report.layers[0]!.rankings.map(({ name }) => name)).toEqual(["unit"]);
  expect(report.layers[0]).not.toHaveProperty("bargraph");
  expect(report.layers[0]!.units.map(({ interp }) => interp)).toEqual(Array(12).fill(true));
  expect(Object.keys(report.layers[0]!.units[0]!)).toEqual(["unit", "interp", "level", "top"]);
  expect(report.layers[0]).not.toHaveProperty("labels");
});

test("a layer that detects nothing has no bar graph, and names its labels nevertheless", () => {
  // The first layer detects one concept by one unit, the second nothing.
  const layers = dissection.layers.map((layer, i) => ({
    ...layer,
    units: layer.units.map((unit, u) => ({ ...unit, interpretable: i + u === 0 })),
  }));
  const [first, second] = toGandissect({ ...dissection, layers }).layers;
  expect(first).toMatchObject({ bargraph: "bargraph.svg", interpretable: 1 });
  expect(second).not.toHaveProperty("bargraph");
  expect(second).toMatchObject({ labels: [], interpretable: 0 });
});

test("settings have the names of the published command line", () => {
  expect(toGandissect(dissection).settings).toEqual({
    ...{ model: "drawn scenes", segmenter: "drawn labels", gen: true, size: 16, examples: 6, seed: 1, train_seed: 2 },
    ...{
      layers: [
        ["layer4", "layer4"],
        ["layer6", "layer6"],
      ],
      quantile_threshold: "iqr",
      segmentation_size: 32,
    },
  });
});

test("a unit of a label that there is none of says so, and counts its own pixels", () => {
  const units = [
    {
      ...dissection.layers[0]!.units[0]!,
      label: 9,
      interpretable: false,
      pixels: 77,
      mostCorrelated: { label: 9, correlation: 0 },
    },
  ];
  const [unit] = toGandissect({ ...dissection, layers: [{ ...dissection.layers[0]!, units }] }).layers[0]!.units;
  expect(unit).toMatchObject({ iou_label: "-", iou_cat: "-", cor_label: "-", cor_cat: "-", lc: 77 });
});

test("without the search for levels its fields and orders are left out", () => {
  const layers = dissection.layers.map(({ tables, units, ...layer }) => {
    const { trainingIqr, trainingMaxiou, ...rest } = tables;
    return { ...layer, tables: rest, units: units.map(({ training, ...unit }) => unit) };
  });
  const report = toGandissect({ ...dissection, layers });
  expect(report.layers[0]!.rankings.some(({ metric }) => metric === "iqr" || metric === "maxiou")).toBe(false);
  expect(report.layers[0]!.units[0]).not.toHaveProperty("iqr");
});

test("folders keep what is safe, stay inside and never clash", () => {
  expect(safeFolder("features/4: Conv ü_x.y-z ")).toBe("features4 Conv ü_x.y-z");
  const named = (...names: string[]): Dissection => ({
    ...dissection,
    layers: names.map((layer) => ({ ...dissection.layers[0]!, layer })),
  });
  expect(layerFolders(named("a/b", "ab", "AB", "..", "//", "c"))).toEqual([
    "ab",
    "ab-2",
    "AB-3",
    "layer",
    "layer-2",
    "c",
  ]);
});

test("a layer's own copy points beside itself", () => {
  const report = toGandissect(dissection);
  const own = toGandissectLayer(report, 1);
  expect(own.layers).toHaveLength(1);
  expect(own.layers[0]).toMatchObject({ layer: "layer6", dirname: "." });
  expect(report.layers[1]!.dirname).toBe("layer6");
});

test.each([
  ["tree", "tree"],
  ["a/b", "a%2fb"],
  ["a_b", "a_b"],
  ["tree,grass", "tree,grass"],
  ["a%2fb", "a%252fb"],
  ["glass (material)", "glass (material)"],
  ["..", "%2e%2e"],
  ["../..", "%2e%2e%2f%2e%2e"],
  [" . ", "%20%2e%20"],
  ["wall.", "wall%2e"],
  ["", "%"],
  ["???", "%3f%3f%3f"],
  ["con", "%63on"],
  ["CON.png", "%43ON.png"],
  ["lpt¹", "%6cpt¹"],
  ["concrete", "concrete"],
  ["\u001b]0;x\u0007", "%1b%5d0%3bx%07"],
  ["天空", "天空"],
])("%j names a file %j", (text, name) => {
  expect(fileName(text)).toBe(name);
});

test("a name is short enough for any disk, with no half character, and still that of one text", () => {
  for (const character of ["x", "ä", "天", "/", "🜁"]) {
    const [one, other] = [fileName(character.repeat(300)), fileName(`${character.repeat(299)}y`)];
    expect(one).not.toBe(other);
    for (const name of [one, other]) {
      expect(new TextEncoder().encode(name).length).toBeLessThan(140);
      expect(name).toMatch(/^(?:[^%\ufffd]|%[0-9a-f]{2})+%-[0-9a-f]{16}$/u);
    }
  }
});

// Hashes are FNV-1a's of 64 bits, by Python from its definition; the last begins with a zero.
test.each([
  [120, "x".repeat(120)],
  [121, `${"x".repeat(120)}%-d77cbbf2c7cf1f67`],
  [137, `${"x".repeat(120)}%-00cbb58db98baca7`],
])("a name of %i bytes is whole up to 120", (length, name) => {
  expect(fileName("x".repeat(length))).toBe(name);
});
