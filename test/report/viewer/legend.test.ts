import { expect, test } from "vitest";
import type { PageData } from "../../../src/report/viewer/data.ts";
import { legend } from "../../../src/report/viewer/legend.ts";
import { type Made, stage, textOf } from "./stage.ts";

const LABELS = 40;
const data = {
  names: Array.from({ length: LABELS - 1 }, (_, label) => `label ${label}`),
  report: { labels: Array.from({ length: LABELS - 1 }, (_, label) => ({ color: [label, 2 * label, 3] })) },
} as unknown as PageData;

function drawn(images: Record<number, Record<number, number>>) {
  const { dom, byId } = stage();
  const countLabels = (image: number, counts: Map<number, number>) => {
    for (const [label, pixels] of Object.entries(images[image]!)) {
      counts.set(Number(label), (counts.get(Number(label)) ?? 0) + pixels);
    }
  };
  const labelsAt = (image: number, x: number, y: number) =>
    image === 5 ? new Set([Math.round(100 * x), Math.round(100 * y)]) : new Set<number>();
  return { ...legend(data, dom, { countLabels, labelsAt } as never), byId };
}

test("names the labels of all pictures, those of most pixels first, without no label", () => {
  const { draw, byId } = drawn({ 1: { 0: 99, 2: 3, 3: 7, 39: 1 }, 2: { 2: 5, 4: 9 } });
  draw([1, 2], true);
  const items = byId("legend").children as Made[];
  expect(items.map(textOf)).toEqual(["label 4", "label 2", "label 3", "39"]);
  expect(items.map(({ children }) => (children[0] as Made).properties["style"])).toEqual([
    "background:rgb(4,8,3)",
    "background:rgb(2,4,3)",
    "background:rgb(3,6,3)",
    "background:rgb(0,0,0)",
  ]);
  expect(byId("legend").hidden).toBe(false);
  draw([1], false);
  expect([byId("legend").hidden, byId("legend").children.length]).toEqual([true, 3]);
});

test("names two dozen at most", () => {
  const { draw, byId } = drawn({ 1: Object.fromEntries(Array.from({ length: 38 }, (_, at) => [at + 1, 100 - at])) });
  draw([1], true);
  expect(byId("legend").children.map(textOf)).toEqual(Array.from({ length: 24 }, (_, at) => `label ${at + 1}`));
});

test("names what is under the pointer, as parts of the picture's width and height", () => {
  const { point, invite, byId } = drawn({});
  const canvas = { getBoundingClientRect: () => ({ left: 10, top: 20, width: 200, height: 400 }) } as HTMLCanvasElement;
  point({ clientX: 26, clientY: 68 } as PointerEvent, canvas, 5);
  expect(byId("under").children.map(textOf)).toEqual(["Image 5, here: ", "label 8, label 12"]);
  point({ clientX: 26, clientY: 68 } as PointerEvent, canvas, 6);
  expect(byId("under").children.map(textOf)).toEqual(["Image 6, here: ", "no label"]);
  invite(1);
  expect(byId("under").textContent).toMatch(/^Point at a picture/);
  invite(0);
  expect(byId("under").textContent).toBe("");
});
