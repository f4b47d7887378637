import { expect, test, vi } from "vitest";
import { UsageError } from "../../src/errors.ts";
import type { Generator } from "../../src/models/generator.ts";
import { poolMask } from "../../src/models/mask.ts";
import { packCells } from "../../src/session/cells.ts";
import { readFindings } from "../../src/session/findings.ts";
import type { Stroke } from "../../src/session/recipe.ts";
import { type Quantiles, Strokes } from "../../src/session/strokes.ts";

/** Layers of four units: one of 2 × 2 places, and a vector. */
const LAYERS = {
  layer4: { name: "layer4", channels: 4, height: 2, width: 2 },
  w: { name: "w", channels: 4, height: 1, width: 1, vector: true },
};
const layer = (name: string) => LAYERS[name as keyof typeof LAYERS];
const generator = {
  layer,
  poolMask: (name: string, mask: Parameters<typeof poolMask>[0]) => poolMask(mask, layer(name)),
} as unknown as Generator;

/** Of unit u the quantile q lies at 10 u + q. */
const table: Quantiles = {
  levels: (quantile) => Float32Array.from({ length: 4 }, (_, unit) => 10 * unit + quantile),
  quantile: () => 0,
};
const known = new Map([["layer4", table]]);
const unit = (label: string) => ({ interp: label !== "-", level: 1, iou_label: label, iou_cat: "object", top: [] });
const findings = readFindings({
  netname: "scenes",
  layers: [
    {
      layer: "layer4",
      units: [unit("tree"), unit("-"), unit("tree"), unit("door")],
      rankings: [
        { name: "tree-iou", score: [-0.2, -0.01, -0.3, 0] },
        { name: "tree-iqr", score: [-0.2, 0, -0.1, 0] },
      ],
    },
  ],
});

function strokes(measure = vi.fn(async (_layer: string, _signal: AbortSignal): Promise<Quantiles> => table)) {
  const told: (readonly [string, number, number])[] = [];
  const listener = ({ phase, done, total }: { phase: string; done: number; total: number }): void => {
    told.push([phase, done, total]);
  };
  return { measure, told, listener, strokes: new Strokes(generator, findings, listener as never, { measure }) };
}

const stroke = (more: Partial<Stroke>): Stroke => ({ id: "a", op: "draw", units: [3, 1], ...more });
const near = (...numbers: number[]) => numbers.map((number) => expect.closeTo(number, 5));

test.each<readonly [string, Partial<Stroke>, object]>([
  ["inserts at the 0.99 quantile", {}, { units: [3, 1], value: near(30.99, 10.99) }],
  ["inserts at a quantile", { value: { quantile: 0.5 } }, { units: [3, 1], value: [30.5, 10.5] }],
  ["removes to a quantile", { op: "remove", value: { quantile: 0.25 } }, { units: [3, 1], value: [30.25, 10.25] }],
  ["removes to 0", { op: "remove" }, { units: [3, 1], value: 0 }],
  ["draws a number, half of it", { value: 7, alpha: 0.5 }, { units: [3, 1], value: 7, alpha: 0.5 }],
  ["draws 0, which is a number, and none of it", { value: 0, alpha: 0 }, { units: [3, 1], value: 0, alpha: 0 }],
  ["copies a number a unit", { op: "copy", value: [5, 6] }, { units: [3, 1], value: [5, 6] }],
  ["inserts all units", { units: "all" }, { units: "all", value: near(0.99, 10.99, 20.99, 30.99) }],
  ["the best for a concept", { units: { concept: "tree", top: 2 }, value: 1 }, { units: [2, 0], value: 1 }],
  [
    "by another ranking",
    { units: { concept: "tree", top: 1, ranking: "iqr" }, value: { quantile: 0.5 } },
    { units: [0], value: [0.5] },
  ],
])("%s", (_, more, expected) => {
  const { strokes: own } = strokes();
  own.know(known);
  expect(own.edits("layer4", [stroke(more)])).toEqual([{ layer: "layer4", ...expected }]);
});

test("acts where its mask is on, which is pooled to the layer", () => {
  const { strokes: own } = strokes();
  const data = Uint8Array.from({ length: 16 }, (_, at) => Number(at === 7));
  const mask = packCells({ height: 2, width: 8, data });
  const [edit] = own.edits("layer4", [stroke({ value: 1, mask })]) as never as [{ mask: unknown }];
  expect(edit.mask).toEqual(poolMask({ height: 2, width: 8, data }, LAYERS.layer4));
  expect(() => own.edits("w", [stroke({ value: 1, mask })])).toThrow('"w" is a vector, which has no place for a mask.');
  expect(own.edits("w", [stroke({ value: 1 })])).toHaveLength(1);
});

test("leaves out what is hidden, and needs a layer for what is not", () => {
  const { strokes: own } = strokes();
  const hidden = stroke({ hidden: true });
  expect(own.edits(undefined, [hidden])).toEqual([]);
  expect(own.edits("layer4", [hidden, stroke({ id: "b", value: 1, hidden: false })])).toHaveLength(1);
  expect(() => own.edits(undefined, [stroke({})])).toThrow(UsageError);
  expect([own.areOf(generator), own.areOf({} as Generator)]).toEqual([true, false]);
});

test("what says the same is the same edit, in the same layer", () => {
  const { strokes: own } = strokes();
  const first = stroke({ value: 1 });
  const [one] = own.edits("layer4", [first]) as readonly object[];
  expect((own.edits("layer4", [first]) as object[])[0]).toBe(one);
  expect((own.edits("layer4", [{ ...first }]) as object[])[0]).toBe(one);
  const [other] = own.edits("w", [first]) as readonly { layer: string }[];
  expect(other!.layer).toBe("w");
  expect((own.edits("layer4", [first]) as object[])[0]).toBe(one);
  expect((own.edits("layer4", [{ ...first, value: 2 }]) as object[])[0]).not.toBe(one);
});

test("counts quantiles once for all who wait, and says when", async () => {
  const { strokes: own, measure, told, listener } = strokes();
  expect(own.knownTable("layer4")).toBeUndefined();
  const waiting = [own.edits("layer4", [stroke({})]), own.edits("layer4", [stroke({})])];
  const one = own.edits("layer4", [stroke({ value: 1 }), stroke({ id: "b", value: { quantile: 0.5 } })]);
  expect(waiting.every((each) => each instanceof Promise)).toBe(true);
  expect(own.knownTable("layer4")).toBeUndefined();
  const [[first], [second]] = (await Promise.all(waiting)) as [[object], [object]];
  expect(second).toBe(first);
  expect(await one).toMatchObject([{ value: 1 }, { value: [30.5, 10.5] }]);
  expect(measure.mock.calls.map(([layer]) => layer)).toEqual(["layer4"]);
  expect(told).toEqual([
    ["quantiles", 0, 200],
    ["quantiles", 200, 200],
  ]);
  // at once from now on, for a generator in this one's place, too
  expect(own.knownTable("layer4")).toBe(table);
  expect(own.table("layer4")).toBe(table);
  const next = new Strokes(generator, findings, listener as never, { before: own });
  expect(next.edits("layer4", [stroke({})])).toEqual([first]);
  expect(told).toHaveLength(2);
});

test("what failed is counted again, and what is known meanwhile stays", async () => {
  const measure = vi.fn(async (): Promise<Quantiles> => {
    if (measure.mock.calls.length === 1) throw new Error("lost");
    return { ...table, levels: () => new Float32Array(4) };
  });
  const { strokes: own, told } = strokes(measure);
  await expect(own.edits("layer4", [stroke({})])).rejects.toThrow("lost");
  expect(told).toEqual([
    ["quantiles", 0, 200],
    ["quantiles", 200, 200],
  ]);
  const counting = own.edits("layer4", [stroke({ id: "b" })]);
  own.know(known);
  expect(await counting).toMatchObject([{ value: [0, 0] }]);
  expect(measure).toHaveBeenCalledTimes(2);
  expect(own.knownTable("layer4")).toBe(table);
});

test("ends what is being counted, for whoever it is counted", async () => {
  const measure = vi.fn(
    (_: string, signal: AbortSignal) =>
      new Promise<Quantiles>((_, reject) => signal.addEventListener("abort", () => reject(signal.reason))),
  );
  const { strokes: own, listener } = strokes(measure);
  const waiting = own.edits("layer4", [stroke({})]);
  new Strokes(generator, findings, listener as never, { before: own }).dispose(new Error("closed"));
  await expect(waiting).rejects.toThrow("closed");
});
