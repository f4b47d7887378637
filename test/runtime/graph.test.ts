import { describe, expect, test } from "vitest";
import { assignSlots, bytesOf, elements, fold, Graph, padded, type Value } from "../../src/runtime/graph.ts";
import type { Kernel } from "../../src/runtime/kernel.ts";
import { random } from "../kernels/reference.ts";

/** A kernel with as many storage buffers as a step needs; only its name is ever looked at here. */
const KERNEL: Kernel = {
  name: "any",
  source: "",
  params: {},
  bindings: {},
};
const step = (graph: Graph, bindings: Readonly<Record<string, Value>>): void =>
  graph.step(KERNEL, bindings, {}, [1, 1, 1]);

describe("extents", () => {
  test("multiply, and take four bytes an element", () => {
    expect(elements([2, 3, 5])).toBe(30);
    expect(elements([])).toBe(1);
    expect(bytesOf({ shape: [2, 3, 5] })).toBe(120);
    expect([1, 3, 4, 5, 512].map(padded)).toEqual([4, 4, 4, 8, 512]);
  });

  test("of maps have whole vec4s of channels", () => {
    const map = new Graph("gpu").map("x", 2, 3, 4, 5);
    expect(map).toMatchObject({ shape: [2, 3, 4, 8], channels: 5, dtype: "f32", label: "x" });
  });

  test.each([[[0]], [[2, -1]], [[1.5]], [[Number.NaN]], [[Number.POSITIVE_INFINITY]]])("%j are refused", (shape) => {
    expect(() => new Graph("gpu").value("x", shape)).toThrow(
      expect.objectContaining({ name: "ShapeError", code: "shape", message: expect.stringContaining('"x"') }),
    );
  });
});

describe("views", () => {
  test("share a value's memory under another shape", () => {
    const graph = new Graph("gpu");
    const x = graph.value("x", [2, 8], "u32");
    expect(graph.view(x, "y", [2, 2, 4], 3)).toEqual({
      id: x.id,
      shape: [2, 2, 4],
      dtype: "u32",
      label: "y",
      channels: 3,
    });
    expect(() => graph.view(x, "y", [2, 2, 5], 5)).toThrow(/\[2,8\] cannot be seen as \[2,2,5\]/);
  });
});

describe("owners", () => {
  test("own what is appended within, and nobody what is not", () => {
    const graph = new Graph("gpu");
    const [outer, inner] = [{ name: "outer" }, { name: "inner" }];
    const kind = { name: "any" };
    const x = graph.map("x", 1, 2, 2, 4);
    const append = (label: string): void => {
      graph.parameter(label, [4], [], () => new Float32Array(4));
      graph.weights(`${label}.weight`, [4], [], () => new Float32Array(4));
      graph.record(kind, [x, undefined], graph.map(label, 1, 2, 2, 4), label);
    };
    append("first");
    const result = graph.owned(outer, () => {
      append("second");
      expect(() =>
        graph.owned(inner, () => {
          append("third");
          throw new Error("amid");
        }),
      ).toThrow("amid");
      append("fourth");
      return 7;
    });
    append("fifth");
    expect(result).toBe(7);
    const owners = [undefined, outer, inner, outer, undefined];
    graph.operations.forEach(({ kind: of, inputs, attributes, owner, output }, index) => {
      expect([of, inputs, attributes, output.label]).toEqual([kind, [x, undefined], attributes, attributes]);
      expect(owner).toBe(owners[index]);
    });
    expect(graph.parameters.map(({ owner }) => owner)).toEqual(owners.flatMap((owner) => [owner, owner]));
    expect([graph.operations.length, graph.parameters.length]).toEqual([5, 10]);
  });
});

describe("grids", () => {
  test.each([0, 1, 2, 65535, 65536, 65537, 131070, 131071, 1e6, 12345678, 4e9, 65535 ** 2])(
    "of %i workgroups hold them, and waste less than a row",
    (groups) => {
      const [columns, rows, layers] = fold(groups);
      expect(layers).toBe(1);
      expect(Math.max(columns, rows)).toBeLessThanOrEqual(65535);
      expect(columns * rows).toBeGreaterThanOrEqual(Math.max(1, groups));
      expect(columns * rows - Math.max(1, groups)).toBeLessThan(rows);
    },
  );

  test("too large for a dispatch are refused", () => {
    expect(() => fold(65535 ** 2 + 1)).toThrow(/more than one dispatch can hold/);
    const graph = new Graph("gpu");
    for (const grid of [
      [65536, 1, 1],
      [1, 0, 1],
      [1, 1, 65536],
    ] as const) {
      expect(() => graph.step(KERNEL, {}, {}, grid)).toThrow(/any: a grid of .* is out of bounds/);
    }
    expect(graph.steps).toEqual([]);
  });
});

test("a graph's work is its steps' work", () => {
  const graph = new Graph("gpu");
  graph.step(KERNEL, {}, {}, [1, 1, 1], { flops: 30 });
  graph.step(KERNEL, {}, {}, [1, 1, 1]);
  graph.step(KERNEL, {}, {}, [1, 1, 1], { flops: 12 });
  expect(graph.flops).toBe(42);
});

describe("slots", () => {
  /** A graph of random steps, each reading values, or views of them, and writing a new one. */
  function build(seed: number): { readonly graph: Graph; readonly pinned: ReadonlySet<number> } {
    const next = random(seed);
    const below = (n: number): number => Math.floor(next() * n);
    const graph = new Graph("gpu");
    const values = [graph.value("v0", [1 + below(40), 4])];
    const pinned = new Set(next() < 0.5 ? [0] : []);
    for (let index = 0; index < 30; index += 1) {
      const bindings: Record<string, Value> = {};
      for (let k = below(4); k >= 0; k -= 1) {
        // Mostly recent values, so that others die.
        const value = values[Math.max(0, values.length - 1 - below(next() < 0.2 ? 30 : 4))]!;
        bindings[`x${k}`] = value;
        // Within one step too, a value may be bound under several shapes.
        if (next() < 0.3) bindings[`view${k}`] = graph.view(value, "view", [elements(value.shape)], 1);
      }
      const y = graph.value(`v${values.length}`, [1 + below(40), 1 + below(9)]);
      if (next() < 0.15) pinned.add(y.id);
      values.push(y);
      step(graph, { ...bindings, y });
    }
    return { graph, pinned };
  }

  test.each(Array.from({ length: 60 }, (_, seed) => seed))("never hold two living values: random graph %i", (seed) => {
    const { graph, pinned } = build(seed);
    const { slotOf, sizes } = assignSlots(graph, pinned);
    const lives = new Map<number, { first: number; last: number; bytes: number }>();
    graph.steps.forEach(({ bindings }, index) => {
      for (const value of Object.values(bindings)) {
        const life = lives.get(value.id) ?? { first: index, last: index, bytes: bytesOf(value) };
        lives.set(value.id, { ...life, last: index });
      }
    });
    for (const [id, life] of lives) {
      if (pinned.has(id)) {
        expect(slotOf.has(id)).toBe(false);
        continue;
      }
      const slot = slotOf.get(id)!;
      expect(sizes[slot]).toBeGreaterThanOrEqual(life.bytes);
      for (const [other, { first, last }] of lives) {
        if (other === id || slotOf.get(other) !== slot) continue;
        expect(first > life.last || last < life.first, `values ${id} and ${other} share slot ${slot}`).toBe(true);
      }
    }
    // No slot without a value, and every slot as large as the largest of its values.
    sizes.forEach((size, slot) => {
      const inside = [...lives].filter(([id]) => slotOf.get(id) === slot).map(([, { bytes }]) => bytes);
      expect(size).toBe(Math.max(...inside));
    });
  });

  test("of a chain are two, whatever its length", () => {
    const graph = new Graph("gpu");
    let x = graph.value("input", [64]);
    const input = x.id;
    for (let k = 0; k < 20; k += 1) {
      const y = graph.value(`y${k}`, [64]);
      step(graph, { x, y });
      x = y;
    }
    expect(assignSlots(graph, new Set([input])).sizes).toEqual([256, 256]);
  });

  test("are the best fit", () => {
    const graph = new Graph("gpu");
    const [small, large, fits] = [graph.value("small", [8]), graph.value("large", [800]), graph.value("fits", [700])];
    step(graph, { small, large });
    step(graph, { fits });
    const { slotOf, sizes } = assignSlots(graph, new Set());
    expect(slotOf.get(fits.id)).toBe(slotOf.get(large.id));
    expect(sizes).toEqual([32, 3200]);
  });

  test("are not free for a step that still reads them", () => {
    const graph = new Graph("gpu");
    const [a, b, c] = [graph.value("a", [4]), graph.value("b", [4]), graph.value("c", [4])];
    step(graph, { a, b });
    step(graph, { x: a, seen: graph.view(a, "a again", [2, 2], 2), b, c });
    const d = graph.value("d", [4]);
    const e = graph.value("e", [4]);
    step(graph, { d, e });
    const { slotOf } = assignSlots(graph, new Set());
    expect(new Set([a, b, c].map(({ id }) => slotOf.get(id))).size).toBe(3);
    expect(slotOf.get(d.id)).not.toBe(slotOf.get(e.id));
  });
});
