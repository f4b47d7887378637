import { afterEach, beforeEach, describe, expect, type Mock, test, vi } from "vitest";
import { cards } from "../../../src/report/viewer/cards.ts";
import type { PageData, State } from "../../../src/report/viewer/data.ts";
import { type Made, stage, textOf, withAll } from "./stage.ts";

const data = { report: { layers: [{ units: [] }, { units: Array(5) }] } } as unknown as PageData;
const STATE = {
  ...{ layer: "layer2", unit: undefined, concept: "", sort: "label", query: "" },
  ...{ interpretable: false, view: "masked" },
} as State;

/** Who watches what comes into sight. */
let watch: { come(entries: object[]): void; seen: Made[]; unobserve: Mock<(canvas: Made) => void>; margin: unknown };
beforeEach(() => {
  class Observer {
    constructor(come: (entries: object[]) => void, options: { rootMargin: string }) {
      watch = { come, seen: [], unobserve: vi.fn(), margin: options.rootMargin };
    }
    observe = (canvas: Made) => void watch.seen.push(canvas);
    unobserve = (canvas: Made) => watch.unobserve(canvas);
    disconnect = () => {
      watch.seen = [];
    };
  }
  vi.stubGlobal("IntersectionObserver", Observer);
});
afterEach(() => vi.unstubAllGlobals());

function grid(selected: number[]) {
  const { dom, byId } = stage();
  const host = byId("cards");
  const all = (tag: string) => host.children.flatMap(withAll).filter((made) => made.tag === tag);
  host["querySelectorAll"] = (selector: string) => all(selector === "canvas" ? "canvas" : "a");
  const [paint, change] = [vi.fn(), vi.fn()];
  const card = vi.fn((index: number) => {
    const made = dom.element("a", {}, dom.element("canvas")) as unknown as Made;
    made["dataset"] = { unit: String(10 + index) };
    return made;
  });
  const select = vi.fn(() => selected);
  const address = ({ unit }: Partial<State>) => `#unit/${unit}`;
  const made = cards(data, dom, { select, card, paint, address } as never, change);
  return { ...made, host, card, paint, change, select, links: () => all("a"), count: () => byId("count").textContent };
}

describe("the grid", () => {
  test("has a card for each unit of the list, and says how many of how many", () => {
    const { draw, card, count, select } = grid([2, 0]);
    draw(STATE, 1);
    expect(card.mock.calls).toEqual([
      [2, STATE, 1],
      [0, STATE, 1],
    ]);
    expect(select).toHaveBeenCalledWith(STATE, 1);
    expect([count(), watch.seen.length, watch.margin]).toEqual(["2 of 5 units", 2, "400px"]);
    const concept = { ...STATE, sort: "concept", concept: "sky" } as const;
    draw(concept, 1);
    expect([count(), watch.seen.length]).toEqual(["2 of 5 units, by IoU with sky", 2]);
    const all = grid([0, 1, 2, 3, 4]);
    all.draw(STATE, 1);
    expect(all.count()).toBe("5 units");
  });

  test("is left alone for another unit, and repainted with new links for another view", () => {
    const { draw, card, links } = grid([2, 0]);
    draw(STATE, 1);
    draw({ ...STATE, unit: 3 }, 1);
    expect([card.mock.calls.length, watch.seen.length, links()[0]!["href"]]).toEqual([2, 2, undefined]);
    draw({ ...STATE, view: "mask" }, 1);
    expect([card.mock.calls.length, watch.seen.length]).toEqual([2, 4]);
    expect(links().map((link) => link["href"])).toEqual(["#unit/12", "#unit/10"]);
  });

  test("is painted as it comes into sight, once, as the page is then", () => {
    const { draw, paint } = grid([2]);
    draw(STATE, 1);
    const [canvas] = watch.seen;
    expect(canvas?.tag).toBe("canvas");
    watch.come([{ isIntersecting: false, target: canvas }]);
    expect([paint.mock.calls, watch.unobserve.mock.calls]).toEqual([[], []]);
    const next = { ...STATE, view: "mask" } as const;
    draw(next, 1);
    watch.come([{ isIntersecting: true, target: canvas }]);
    expect(watch.unobserve.mock.calls).toEqual([[canvas]]);
    expect([paint.mock.calls.length, paint.mock.calls[0]![0]]).toEqual([1, canvas]);
    expect(paint.mock.calls[0]![1]()).toEqual({ state: next, layerIndex: 1 });
  });

  test("says where no unit matches, and shows all again when asked", () => {
    const { draw, host, count, change } = grid([]);
    draw(STATE, 1);
    expect([host.children.map(textOf), count()]).toEqual([["No unit matches. Show all units"], "0 of 5 units"]);
    const button = host.children.flatMap(withAll).find(({ tag }) => tag === "button")!;
    (button.properties["onclick"] as () => void)();
    expect(change.mock.calls).toEqual([[{ concept: "", query: "", interpretable: false, sort: "label" }]]);
  });
});
