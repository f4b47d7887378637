import { expect, test } from "vitest";
import { toGandissect } from "../../src/report/gandissect.ts";
import { parseDissection } from "../../src/server/dissected.ts";
import { fixture } from "../report/fixture.ts";

const unit = { unit: 0, interp: true, level: 1, top: [{ imgnum: 3, maxact: 1 }], iou_label: "tree" };
const ranking = { name: "unit", score: [0] };
const layer = { layer: "layer4", units: [unit], rankings: [ranking], dirname: "layer4" };
const parse = (value: unknown) => parseDissection(JSON.stringify(value), "dissect.json");

test("what `ganatomy dissect` writes", () => {
  const written = toGandissect(fixture().dissection);
  const { layers, settings } = parse(written);
  expect(layers).toEqual(JSON.parse(JSON.stringify(written.layers)));
  expect(settings).toMatchObject({ seed: written.settings["seed"] });
});

test("what else is in it stays: the model, thresholds, the legend", () => {
  const rest = { netname: "church", iou_threshold: [0.04], segcolors: { "[1, 2, 3]": "tree/plant" } };
  expect(parse({ ...rest, layers: [layer] })).toEqual({ ...rest, layers: [layer] });
  expect(parse({ layers: [{ ...layer, rankings: [{ ...ranking, concept: null }] }] }).layers).toHaveLength(1);
});

test("NaN, which Python writes, is null, and texts with it stay", () => {
  const text = JSON.stringify({ layers: [{ ...layer, layer: "[NaN,NaN]" }] }).replace('"score":[0]', '"score":[ NaN]');
  const { layers } = parseDissection(text, "dissect.json");
  expect(layers[0]).toMatchObject({ layer: "[NaN,NaN]", rankings: [{ score: [null] }] });
});

test.each<[what: string, value: unknown]>([
  ["a list", []],
  ["no layers", {}],
  ["a layer without a name", { layers: [{ ...layer, layer: 4 }] }],
  ["units that are none", { layers: [{ ...layer, units: [3] }] }],
  ["a unit's level", { layers: [{ ...layer, units: [{ ...unit, level: "1" }] }] }],
  ["a unit's images", { layers: [{ ...layer, units: [{ ...unit, top: [{ imgnum: -1 }] }] }] }],
  ["a ranking of fewer units", { layers: [{ ...layer, rankings: [{ ...ranking, score: [] }] }] }],
  ["a ranking by texts", { layers: [{ ...layer, rankings: [{ ...ranking, score: ["0"] }] }] }],
  ["a label that is none", { layers: [{ ...layer, units: [{ ...unit, cor_label: {} }] }] }],
  ["a ranking's concept that is none", { layers: [{ ...layer, rankings: [{ ...ranking, concept: 4 }] }] }],
  ["a legend of numbers", { segcolors: { "[1, 2, 3]": 4 }, layers: [layer] }],
  ["a folder elsewhere", { layers: [{ ...layer, dirname: "../../etc" }] }],
  ["a folder of another system", { layers: [{ ...layer, dirname: "..\\x" }] }],
  ["an absolute folder", { layers: [{ ...layer, dirname: "/etc" }] }],
])("%s is refused", (_, value) => expect(() => parse(value)).toThrow(/is no dissect.json/));
