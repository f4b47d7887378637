import { describe, expect, test } from "vitest";
import { History } from "../../src/session/history.ts";
import type { Stroke } from "../../src/session/recipe.ts";

const stroke = (id: string, more: Partial<Stroke> = {}): Stroke => ({ id, op: "remove", units: [1], ...more });
const ids = ({ strokes }: History): string => strokes.map(({ id, alpha = 1 }) => `${id}${alpha}`).join(" ");

describe("a history", () => {
  test("goes back and forth, and forgets what was undone", () => {
    const history = new History([stroke("a")]);
    expect([history.canUndo, history.canRedo]).toEqual([false, false]);
    history.undo();
    history.put(stroke("b"));
    history.put(stroke("a", { alpha: 0.5 }));
    expect(ids(history)).toBe("a0.5 b1");
    history.undo();
    expect([ids(history), history.canUndo, history.canRedo]).toEqual(["a1 b1", true, true]);
    history.undo();
    expect([ids(history), history.canUndo]).toEqual(["a1", false]);
    history.redo();
    history.redo();
    history.redo();
    expect([ids(history), history.canRedo]).toEqual(["a0.5 b1", false]);
    history.undo();
    history.set([stroke("c")]);
    expect([ids(history), history.canRedo]).toEqual(["c1", false]);
    history.undo();
    expect(ids(history)).toBe("a1 b1");
  });

  test("has where the latent has gone, a movement as one step, beside the strokes", () => {
    const at = (share: number) => [{ seed: 1, image: 2, share }];
    const history = new History([stroke("a")]);
    history.move(at(0.1));
    history.move(at(0.2), true);
    history.move(at(0.3), true);
    history.put(stroke("b"));
    expect([ids(history), history.toward]).toEqual(["a1 b1", at(0.3)]);
    history.undo();
    expect([ids(history), history.toward]).toEqual(["a1", at(0.3)]);
    history.undo();
    expect([ids(history), history.toward, history.canUndo]).toEqual(["a1", [], false]);
    history.redo();
    history.redo();
    expect([ids(history), history.toward]).toEqual(["a1 b1", at(0.3)]);
    // Another image: what is taken back from here on is not where the latent was in this one.
    history.place(at(1));
    history.undo();
    history.undo();
    expect([ids(history), history.toward, history.canRedo]).toEqual(["a1", at(1), true]);
    expect(() => history.move([{ seed: 1, image: 2, share: 9 }])).toThrow(/share/);
  });

  test("a stroke that goes on is one step", () => {
    const history = new History();
    history.put(stroke("a", { alpha: 0.1 }));
    history.amend(stroke("a", { alpha: 0.2 }));
    history.amend(stroke("a", { alpha: 0.3 }));
    expect(ids(history)).toBe("a0.3");
    history.undo();
    expect(ids(history)).toBe("");
    history.redo();
    expect(ids(history)).toBe("a0.3");
    history.undo();
    history.amend(stroke("b"));
    expect([ids(history), history.canUndo, history.canRedo]).toEqual(["b1", false, false]);
  });

  test("takes nothing that is no stroke", () => {
    const history = new History();
    expect(() => history.put({ id: "a" } as Stroke)).toThrow(/A stroke needs op/);
    expect(() => history.amend({ id: "a" } as Stroke)).toThrow(/A stroke needs op/);
    expect(() => history.set([stroke("a"), stroke("a")])).toThrow(/Two strokes are called "a"/);
    expect([ids(history), history.canUndo]).toEqual(["", false]);
  });
});
