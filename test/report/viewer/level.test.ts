import { expect, test, vi } from "vitest";
import type { PageData } from "../../../src/report/viewer/data.ts";
import { level } from "../../../src/report/viewer/level.ts";
import { stage } from "./stage.ts";

const data = {
  report: { layers: [{ units: [] }, { units: [{ level: 0.12345 }, { level: null }, { level: 5 }, { level: 1 }] }] },
  layers: [{}, { features: [{ images: [3] }, { images: [3] }, { images: [3] }, null] }],
} as unknown as PageData;

function slider() {
  const { dom, byId } = stage();
  const changed = vi.fn();
  const range = vi.fn((): [number, number] => [-1, 2]);
  const { choose, value } = level(data, dom, { range } as never, changed);
  const said = () => byId("level-value").textContent;
  const move = (to: string) => {
    byId("level")["value"] = to;
    (byId("level")["oninput"] as () => void)();
  };
  return { choose, value, byId, said, move, changed, range };
}

test("is the chosen one until it is moved, and again when it is put back", () => {
  const { choose, value, byId, said, move, changed } = slider();
  choose(1, 0);
  expect([value(), said(), byId("level-reset").hidden, byId("level")["value"]]).toEqual([
    0.12345,
    "0.123",
    true,
    "0.12345",
  ]);
  expect(changed).not.toHaveBeenCalled();
  move("0.75");
  expect([value(), said(), byId("level-reset").hidden]).toEqual([0.75, "0.750 (chosen: 0.123)", false]);
  expect(changed).toHaveBeenCalledTimes(1);
  (byId("level-reset")["onclick"] as () => void)();
  expect([value(), said(), byId("level-reset").hidden, byId("level")["value"]]).toEqual([
    0.12345,
    "0.123",
    true,
    "0.12345",
  ]);
  expect(changed).toHaveBeenCalledTimes(2);
});

test("goes as far as the unit's activations and its level do; one without any begins at 0", () => {
  const { choose, value, byId, range } = slider();
  const ends = () => [byId("level")["min"], byId("level")["max"], byId("level")["step"]];
  choose(1, 0);
  expect(ends()).toEqual(["-1", "2", "any"]);
  expect(range).toHaveBeenLastCalledWith(1, 0);
  choose(1, 2);
  expect(ends()).toEqual(["-1", "5", "any"]);
  choose(1, 1);
  expect([value(), ...ends()]).toEqual([0, "-1", "2", "any"]);
  range.mockReturnValueOnce([7, 9]);
  choose(1, 2);
  expect(ends()).toEqual(["5", "9", "any"]);
});

test("is nothing to slide without pictures", () => {
  const { choose, value, byId, range } = slider();
  choose(1, 0);
  expect(byId("level-box").hidden).toBe(false);
  choose(1, 3);
  expect([byId("level-box").hidden, value()]).toEqual([true, 1]);
  expect(range).not.toHaveBeenCalledWith(1, 3);
});
