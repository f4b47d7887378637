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
