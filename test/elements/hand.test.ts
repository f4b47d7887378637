import { expect, test } from "vitest";
import { commandOf } from "../../src/elements/hand.ts";

const NONE = { shiftKey: false, ctrlKey: false, metaKey: false, altKey: false };

test.each([
  ["ArrowUp", NONE, { type: "move", rows: -1, columns: 0 }],
  ["ArrowRight", NONE, { type: "move", rows: 0, columns: 1 }],
  [" ", NONE, { type: "paint" }],
  ["[", NONE, { type: "narrower" }],
  ["]", NONE, { type: "wider" }],
  ["x", NONE, { type: "swap" }],
  ["z", NONE, { type: "undo" }],
  ["z", { ...NONE, ctrlKey: true }, { type: "undo" }],
  ["Z", { ...NONE, shiftKey: true }, { type: "redo" }],
  ["Z", { ...NONE, shiftKey: true, metaKey: true }, { type: "redo" }],
  ["y", { ...NONE, ctrlKey: true }, { type: "redo" }],
  ["Escape", NONE, { type: "cancel" }],
  // The browser's and the system's own.
  ["x", { ...NONE, ctrlKey: true }, undefined],
  ["[", { ...NONE, metaKey: true }, undefined],
  ["ArrowLeft", { ...NONE, altKey: true }, undefined],
  ["y", NONE, undefined],
  ["Tab", NONE, undefined],
])("the key %j with %j means %j", (key, modifiers, command) => {
  expect(commandOf({ key, ...modifiers })).toEqual(command);
});
