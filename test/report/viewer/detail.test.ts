import { beforeEach, describe, expect, test, vi } from "vitest";
import type { PageData, State } from "../../../src/report/viewer/data.ts";
import { detail } from "../../../src/report/viewer/detail.ts";
import { stage } from "./stage.ts";

const unit = (unit: number, label: number, interpretable = true) => ({ unit, label, interpretable });
const data = {
  names: ["-", "sky", "tree"],
  report: {
    labels: [{ category: "none" }, { category: "scene" }, { category: "object" }],
    layers: [
      { layer: "layer1", units: [unit(3, 1)] },
      { layer: "layer2", units: [unit(10, 1), unit(11, 0, false), unit(12, 2, false)] },
    ],
  },
} as unknown as PageData;
const state = (unit: number | undefined, view = "masked") => ({ unit, view }) as State;

let change: ReturnType<typeof vi.fn>;
let parts: ReturnType<typeof dialog>;
function dialog() {
  const { dom, byId } = stage();
  const listeners: Record<string, (event: { target: unknown }) => void> = {};
  const box = byId("detail");
  Object.assign(box, {
    open: false,
    addEventListener: (name: string, listener: () => void) => {
      listeners[name] = listener;
    },
    showModal: vi.fn(() => {
      box["open"] = true;
    }),
    close: vi.fn(() => {
      box["open"] = false;
    }),
  });
  const tiles = { fill: vi.fn(), paint: vi.fn(), images: () => [4, 9] };
  const [legend, measures, slider] = [{ draw: vi.fn() }, vi.fn(), { choose: vi.fn(), value: () => 0.5 }];
  const made = { tiles, legend, measures, level: () => slider };
  return { ...detail(data, dom, made as never, change as never), byId, box, listeners, ...made, slider };
}
beforeEach(() => {
  change = vi.fn();
  parts = dialog();
});

describe("a unit at large", () => {
  test.each([
    [10, "sky", "layer2 · unit 10 · scene"],
    [11, "no concept", "layer2 · unit 11 · below threshold"],
    [12, "tree", "layer2 · unit 12 · object · below threshold"],
  ])("has its concept and place as a head: unit %i", (unit, title, where) => {
    parts.byId("detail-body")["scrollTop"] = 99;
    parts.draw(state(unit), 1, [0, 1, 2]);
    expect([parts.byId("detail-title").textContent, parts.byId("detail-where").textContent]).toEqual([title, where]);
    for (const part of [parts.tiles.fill, parts.measures, parts.slider.choose]) {
      expect(part.mock.calls).toEqual([[1, unit - 10]]);
    }
    expect(parts.byId("detail-body")["scrollTop"]).toBe(0);
    expect(parts.legend.draw.mock.calls).toEqual([[[4, 9], false]]);
    expect(parts.tiles.paint.mock.calls[0]![0]()).toEqual({ view: "masked", level: 0.5 });
  });

  test("has neighbours in the list that one came from", () => {
    const step = (id: string): readonly [disabled: unknown, unit: unknown] => {
      const { disabled, onclick } = parts.byId(id);
      change.mockClear();
      (onclick as (() => void) | null)?.();
      return [disabled, change.mock.calls[0]?.[0].unit];
    };
    const steps = (unit: number, list: readonly number[]) => {
      parts.draw(state(unit), 1, list);
      const both = [step("previous"), step("next")];
      parts.draw(state(undefined), 1, list);
      return both;
    };
    const none = [true, undefined];
    expect(steps(10, [2, 0, 1])).toEqual([
      [false, 12],
      [false, 11],
    ]);
    expect(steps(12, [2, 0, 1])).toEqual([none, [false, 10]]);
    expect(steps(11, [2, 0, 1])).toEqual([[false, 10], none]);
    // One that is not in the list has none.
    expect(steps(11, [2, 0]).map(([disabled]) => disabled)).toEqual([true, true]);
  });

  test("is opened once, repainted in another view, and left alone otherwise", () => {
    parts.draw(state(10), 1, [0]);
    parts.draw(state(10), 1, [0]);
    expect([parts.tiles.paint.mock.calls.length, parts.legend.draw.mock.calls.length]).toEqual([1, 1]);
    parts.draw(state(10, "segmentation"), 1, [0]);
    expect(parts.tiles.paint).toHaveBeenCalledTimes(2);
    expect(parts.legend.draw).toHaveBeenLastCalledWith([4, 9], true);
    expect([parts.tiles.fill.mock.calls.length, parts.box["showModal"]]).toEqual([
      1,
      expect.toSatisfy((show) => show.mock.calls.length === 1),
    ]);
    // another of the layer is another, and so is the one at its place in another layer
    parts.draw(state(11, "segmentation"), 1, [0]);
    parts.draw(state(10, "segmentation"), 1, [0]);
    parts.draw(state(3, "segmentation"), 0, [0]);
    expect(parts.tiles.fill.mock.calls).toEqual([
      [1, 0],
      [1, 1],
      [1, 0],
      [0, 0],
    ]);
    parts.repaint();
    expect(parts.tiles.paint).toHaveBeenCalledTimes(6);
  });

  test("is closed when there is none, and then there is nothing to paint", () => {
    parts.draw(state(99), 1, [0]);
    expect(parts.box["close"]).toHaveBeenCalledTimes(1);
    parts.repaint();
    expect([parts.tiles.paint.mock.calls, parts.tiles.fill.mock.calls]).toEqual([[], []]);
  });

  test("is left when its dialog closes, or by a click beside it", () => {
    parts.draw(state(10), 1, [0]);
    parts.listeners["click"]!({ target: parts.byId("detail-body") });
    expect(parts.box["close"]).not.toHaveBeenCalled();
    parts.listeners["click"]!({ target: parts.box });
    expect(parts.box["close"]).toHaveBeenCalledTimes(1);
    parts.listeners["close"]!({ target: parts.box });
    expect(change.mock.calls).toEqual([[{ unit: undefined }]]);
    parts.draw(state(undefined), 1, [0]);
    parts.listeners["close"]!({ target: parts.box });
    expect(change).toHaveBeenCalledTimes(1);
  });
});
