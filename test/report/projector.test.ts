import { describe, expect, test } from "vitest";
import { toProjector } from "../../src/report/projector.ts";
import { seenConcepts } from "../../src/report/rankings.ts";
import { fixture } from "./fixture.ts";

const { dissection } = fixture();
const lines = (text: unknown) =>
  String(text)
    .trimEnd()
    .split("\n")
    .map((line) => line.split("\t"));

describe("toProjector", () => {
  const files = toProjector(dissection);
  const shown = seenConcepts(dissection).filter((label) => label > 0);

  test("a line a unit: its IoU with every concept that is some unit's best", () => {
    for (const { layer, units, tables } of dissection.layers) {
      const rows = lines(files.get(`${layer}.tsv`));
      expect(rows.map((row) => row.map(Number))).toEqual(
        units.map((_, u) => shown.map((label) => Math.fround(tables.iou[label * units.length + u]!))),
      );
    }
  });

  test("and what it is, below the names of columns", () => {
    const [head, ...rows] = lines(files.get("layer4.units.tsv"));
    expect(head).toEqual(["name", "unit", "concept", "category", "iou", "interpretable"]);
    const { units } = dissection.layers[0]!;
    expect(rows).toHaveLength(units.length);
    const { name, category } = dissection.labels[units[0]!.label]!;
    expect(rows[0]).toEqual([
      `0 ${name}`,
      "0",
      name,
      category,
      String(Math.fround(units[0]!.iou)),
      String(units[0]!.interpretable),
    ]);
  });

  test("a unit that matches no concept has a number, and no place among concepts", () => {
    const [layer] = dissection.layers;
    const { units, tables } = layer!;
    // the first of none, the others of a tree; the table has something of both
    const found = units.map((unit, u) => ({ ...unit, label: u === 0 ? 0 : 2 }));
    const iou = tables.iou.map((_, at) => Math.floor(at / units.length) / 8 + (at % units.length) / 1024);
    const own = { ...layer!, units: found, tables: { ...tables, iou } };
    const written = toProjector({ ...dissection, layers: [own] });
    const rows = lines(written.get("layer4.tsv"));
    expect(rows.map((row) => row.map(Number))).toEqual(units.map((_, u) => [2 / 8 + u / 1024]));
    const [, none, tree] = lines(written.get("layer4.units.tsv"));
    expect(none!.slice(0, 4)).toEqual(["0", "0", "", ""]);
    expect(tree!.slice(0, 4)).toEqual(["1 tree", "1", "tree", "object"]);
    expect(JSON.parse(String(written.get("projector.json"))).embeddings[0].tensorShape).toEqual([units.length, 1]);
  });

  test("TensorBoard and the page of the projector find them", () => {
    const sprite = { data: Uint8Array.of(1, 2), picture: [64, 48] as const };
    const withSprite = toProjector(dissection, new Map([["layer6", sprite]]));
    const shape = (at: number) => [dissection.layers[at]!.units.length, shown.length];
    expect(JSON.parse(String(withSprite.get("projector.json")))).toEqual({
      embeddings: [
        { tensorName: "layer4", tensorShape: shape(0), tensorPath: "layer4.tsv", metadataPath: "layer4.units.tsv" },
        {
          ...{
            tensorName: "layer6",
            tensorShape: shape(1),
            tensorPath: "layer6.tsv",
            metadataPath: "layer6.units.tsv",
          },
          sprite: { imagePath: "layer6.png", singleImageDim: [64, 48] },
        },
      ],
    });
    const json = String(withSprite.get("projector.json"));
    expect(json).toBe(`${JSON.stringify(JSON.parse(json), null, 1)}\n`);
    expect(withSprite.get("layer6.png")).toBe(sprite.data);
    expect(withSprite.get("projector_config.pbtxt")).toBe(`embeddings {
  tensor_name: "layer4"
  tensor_shape: ${shape(0)[0]}
  tensor_shape: ${shape(0)[1]}
  tensor_path: "layer4.tsv"
  metadata_path: "layer4.units.tsv"
}
embeddings {
  tensor_name: "layer6"
  tensor_shape: ${shape(1)[0]}
  tensor_shape: ${shape(1)[1]}
  tensor_path: "layer6.tsv"
  metadata_path: "layer6.units.tsv"
  sprite { image_path: "layer6.png" single_image_dim: 64 single_image_dim: 48 }
}
`);
  });

  test("names cannot make lines or end texts", () => {
    const evil = dissection.labels.map(({ category }) => ({ name: "=a\tb\r\nc\u2028d", category }));
    const [layer] = dissection.layers;
    const named = toProjector({ ...dissection, labels: evil, layers: [{ ...layer!, layer: 'x"\n\\é' }] });
    const [path] = [...named.keys()];
    expect(path).toMatch(/^x.*\.tsv$/);
    const rows = lines(named.get(path!.replace(".tsv", ".units.tsv")));
    expect(rows).toHaveLength(layer!.units.length + 1);
    for (const row of rows) expect(row).toHaveLength(6);
    expect(rows[1]![2]).toMatch(/^'=a b {2}c d/); // as CSV has it: no spreadsheet runs it
    expect(String(named.get("projector_config.pbtxt"))).toContain('tensor_name: "x\\042\\012\\134\\303\\251"');
    const edges = toProjector({ ...dissection, layers: [{ ...layer!, layer: " !}~\u007f\u001f" }] });
    expect(String(edges.get("projector_config.pbtxt"))).toContain('tensor_name: " !}~\\177\\037"');
  });

  test("what is not finite is no agreement", () => {
    const [layer] = dissection.layers;
    const iou = layer!.tables.iou.map(() => Number.NaN);
    const unknown = toProjector({ ...dissection, layers: [{ ...layer!, tables: { ...layer!.tables, iou } }] });
    expect(new Set(lines(unknown.get("layer4.tsv")).flat())).toEqual(new Set(["0"]));
  });
});
