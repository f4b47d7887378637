import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { UsageError } from "../../../src/errors.ts";
import { shuffle } from "../../../src/kernels/maps/layout.ts";
import { average, resize } from "../../../src/kernels/maps/resample.ts";
import { recogniseClassifier } from "../../../src/networks/classifiers/recognise.ts";
import { receptiveFields } from "../../../src/networks/receptive-fields.ts";
import { Graph } from "../../../src/runtime/graph.ts";
import { stateOf } from "../../models/recipe.ts";

const read = (name: string) => JSON.parse(readFileSync(new URL(`../../golden/${name}`, import.meta.url), "utf8"));

interface Published {
  /** Of davidbau/dissect. */
  readonly scale_offset: readonly [scale: number, offset: number];
  /** Of NetDissect. */
  readonly fieldmap: readonly [offset: number, size: number, step: number];
}
const published: Readonly<Record<string, Readonly<Record<string, Published>>>> = read("cells.json");
const classifiers: Readonly<Record<string, { edge: number; shapes: readonly (readonly [string, number[]])[] }>> =
  read("classifiers.json");

/** The fields of a layer's cells, and the classifier. */
function fieldsOf(name: string, layer: string) {
  const { edge, shapes } = classifiers[name]!;
  const network = recogniseClassifier(stateOf("", shapes), { edge });
  const graph = new Graph("gpu");
  const image = graph.map("image", 1, edge, edge, 3);
  const { layers } = network.append(graph, 1, { inputs: new Map([["image", image]]), until: layer });
  return receptiveFields(graph, image, layers.get(layer)!);
}

const LAYERS = Object.entries(published).flatMap(([name, layers]) =>
  Object.entries(layers).map(([layer, of]) => ({ name, layer, ...of })),
);

test.each(LAYERS)(
  "of $name, cells of $layer look where the published code says",
  ({ name, layer, scale_offset: [scale, offset], fieldmap: [first, size, step] }) => {
    const { centre, stride } = fieldsOf(name, layer);
    expect({ centre, stride }).toEqual({ centre: [offset, offset], stride: [scale, scale] });
    // NetDissect's centre is a pixel, of two in the middle the second.
    expect([Math.ceil(centre[0]), stride[0]]).toEqual([first + Math.floor(size / 2), step]);
  },
);

test("of every layer of every family they are known", () => {
  for (const [name, { shapes, edge }] of Object.entries(classifiers)) {
    if (!shapes || shapes.length === 0) continue;
    const { layers } = recogniseClassifier(stateOf("", shapes), { edge });
    for (const { name: layer, vector } of layers) {
      if (!vector) expect(fieldsOf(name, layer).stride[0]).toBeGreaterThanOrEqual(1);
    }
  }
});

test("resizing keeps what is in the middle, and what moves pixels otherwise is refused", () => {
  const graph = new Graph("gpu");
  const image = graph.map("image", 1, 12, 8, 4);
  const of = (to: typeof image) => receptiveFields(graph, image, to);
  expect(of(image)).toEqual({ centre: [0, 0], stride: [1, 1] });
  // Three rows become one, and two columns: their middles are 1 and 0.5.
  expect(of(average(graph, image, 4, 4))).toEqual({ centre: [1, 0.5], stride: [3, 2] });
  expect(of(resize(graph, image, 24, 8))).toEqual({ centre: [-0.25, 0], stride: [0.5, 1] });
  const moved = shuffle(graph, image, { block: 2, toDepth: true, byChannel: true });
  expect(() => of(moved)).toThrow(UsageError);
  expect(() => of(moved)).toThrow("Where units behind");
});
