import { expect, test } from "vitest";
import type { AceSnapshot } from "../../src/causality/ace-train.ts";
import { aceLossSvg } from "../../src/report/ace-plot.ts";
import { expectKept } from "./kept.ts";

/** Snapshots of these losses; the first is that of the start, before any epoch. */
const snapshots = (...losses: readonly number[]) =>
  losses.map((loss, index) => ({ epoch: index - 1, evaluation: { loss } })) as unknown as AceSnapshot[];

test("the loss falls, rises and falls", () => {
  expectKept("ace-loss.svg", aceLossSvg("tree", snapshots(0.5, 0.25, 0.125, 0.2, 0.05, -0.1)));
});

test("of many epochs and a long name", () => {
  const losses = Array.from({ length: 61 }, (_, index) => 1000 / (index + 1));
  expectKept("ace-loss-many.svg", aceLossSvg("a concept of a very long name <&> that goes on", snapshots(...losses)));
});

test("that stays the same, and before there is any", () => {
  expectKept("ace-loss-flat.svg", aceLossSvg("tree", snapshots(0.3, 0.3, 0.3)));
  expectKept("ace-loss-start.svg", aceLossSvg("tree", snapshots(0.3)));
  expect(aceLossSvg("tree", [])).not.toMatch(/NaN|Infinity/);
});

test.each([
  [2, ["IoU", "1"]],
  [16, ["IoU", ...Array.from({ length: 15 }, (_, i) => String(i + 1))]],
  [17, ["IoU", "2", "4", "6", "8", "10", "12", "14", "16"]],
  [32, ["IoU", ...Array.from({ length: 15 }, (_, i) => String(2 * i + 2))]],
  [33, ["IoU", "5", "10", "15", "20", "25", "30"]],
  [101, ["IoU", ...Array.from({ length: 10 }, (_, i) => String(10 * i + 10))]],
] as const)("of %i losses the epochs %j stand below, from border to border", (count, expected) => {
  const svg = aceLossSvg("tree", snapshots(...Array.from({ length: count }, (_, index) => index / 100)));
  expect([...svg.matchAll(/y="234"[^>]*>([^<]+)/g)].map(([, name]) => name)).toEqual(expected);
  expect(svg).toMatch(/d="M64 216L.*464 34"/);
});
