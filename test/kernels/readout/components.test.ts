import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { divide } from "../../../src/kernels/readout/components.ts";
import type { Device } from "../../../src/runtime/device.ts";
import { Graph } from "../../../src/runtime/graph.ts";
import { requestDevice } from "../../gpu.ts";
import { Bench, random } from "../reference.ts";

let device: Device;
beforeAll(async () => {
  device = await requestDevice();
});
afterAll(() => device?.dispose());

const OBJECTS = 335;

/** A label map, row by row. */
interface Picture {
  readonly height: number;
  readonly width: number;
  readonly labels: Uint32Array;
}

const draw = (height: number, width: number, of: (row: number, column: number) => number): Picture => ({
  height,
  width,
  labels: Uint32Array.from({ length: height * width }, (_, at) => of(Math.floor(at / width), at % width)),
});

/** Rows of digits; anything else is no label. */
const art = (...rows: readonly string[]): Picture =>
  draw(rows.length, rows[0]!.length, (row, column) => Number.parseInt(rows[row]![column]!, 10) || 0);

/** One component after the other by flood fill, with an explicit stack. */
function flood({ height, width, labels }: Picture): number[][] {
  const seen = new Uint8Array(labels.length);
  const components: number[][] = [];
  for (let start = 0; start < labels.length; start += 1) {
    if (labels[start] === 0 || seen[start]) continue;
    const found = [start];
    seen[start] = 1;
    for (const at of found) {
      const [row, column] = [Math.floor(at / width), at % width];
      for (let y = Math.max(0, row - 1); y <= Math.min(height - 1, row + 1); y += 1) {
        for (let x = Math.max(0, column - 1); x <= Math.min(width - 1, column + 1); x += 1) {
          const next = y * width + x;
          if (seen[next] || labels[next] !== labels[at]) continue;
          seen[next] = 1;
          found.push(next);
        }
      }
    }
    components.push(found);
  }
  return components;
}

/** What the two maps of halves should hold. */
function halves(picture: Picture): { readonly topBottom: Uint32Array; readonly leftRight: Uint32Array } {
  const { width, labels } = picture;
  const topBottom = new Uint32Array(labels.length);
  const leftRight = new Uint32Array(labels.length);
  for (const component of flood(picture)) {
    let [top, left, bottom, right] = [Infinity, Infinity, 0, 0];
    for (const at of component) {
      top = Math.min(top, Math.floor(at / width));
      bottom = Math.max(bottom, Math.floor(at / width));
      left = Math.min(left, at % width);
      right = Math.max(right, at % width);
    }
    const middle = [Math.floor((top + bottom + 1) / 2), Math.floor((left + right + 1) / 2)] as const;
    for (const at of component) {
      topBottom[at] = labels[at]! + OBJECTS * (Math.floor(at / width) < middle[0] ? 1 : 3);
      leftRight[at] = labels[at]! + OBJECTS * (at % width < middle[1] ? 2 : 4);
    }
  }
  return { topBottom, leftRight };
}

/**
 * Five label maps an image as unified parsing has them. All begin like the one that is divided, so
 * that reading another shows.
 */
async function run(pictures: readonly Picture[], places = { channel: 0, topBottom: 3, leftRight: 4 }, flat = true) {
  const [{ height, width }] = pictures as readonly [Picture];
  const [n, maps, pixels] = [pictures.length, 5, height * width];
  const bench = new Bench(device);
  const labels = bench.graph.value("labels", [n, maps, ...(flat ? [pixels] : [height, width])], "u32");
  const before = new Uint32Array(n * maps * pixels);
  const expected = before.slice();
  pictures.forEach((picture, image) => {
    const { topBottom, leftRight } = halves(picture);
    const place = (map: number) => (image * maps + map) * pixels;
    for (let map = 0; map < maps; map += 1) {
      before.set(picture.labels, place(map));
      expected.set(picture.labels, place(map));
    }
    expected.set(topBottom, place(places.topBottom));
    expected.set(leftRight, place(places.leftRight));
  });
  bench.give(labels, before);
  divide(bench.graph, labels, { ...places, objects: OBJECTS, height, width });
  const [after] = await bench.run(labels);
  return { expected, actual: new Uint32Array(after.buffer) };
}

/** Faster on large maps than comparing what vitest would print. */
function expectSame(actual: Uint32Array, expected: Uint32Array): void {
  expect(actual.length).toBe(expected.length);
  expect(actual.findIndex((label, at) => label !== expected[at])).toBe(-1);
}

async function expectDivided(...pictures: readonly Picture[]): Promise<void> {
  const { actual, expected } = await run(pictures);
  expectSame(actual, expected);
}

/** A path one pixel wide and one apart, winding inwards. */
function spiral(size: number): Picture {
  const labels = new Uint32Array(size * size);
  let [row, column, down, across] = [0, 0, 0, 1];
  const painted = (y: number, x: number) => y >= 0 && x >= 0 && y < size && x < size && labels[y * size + x] === 1;
  const open = (y: number, x: number) => y >= 0 && x >= 0 && y < size && x < size && labels[y * size + x] === 0;
  for (let turns = 0; turns < 2; ) {
    labels[row * size + column] = 1;
    const free = open(row + down, column + across) && !painted(row + 2 * down, column + 2 * across);
    if (free) {
      row += down;
      column += across;
      turns = 0;
    } else {
      [down, across] = [across, -down];
      turns += 1;
    }
  }
  return { height: size, width: size, labels };
}

const turned = ({ height, width, labels }: Picture): Picture => ({ height, width, labels: labels.slice().reverse() });
const noise = (seed: number, height: number, width: number, density: number, labels: number): Picture => {
  const next = random(seed);
  return draw(height, width, () => (next() < density ? 1 + Math.floor(next() * labels) : 0));
};

describe("the reference", () => {
  test("divides what can be checked by eye", () => {
    const picture = art("11...", "11..3", "..2.3", "...23");
    const { topBottom, leftRight } = halves(picture);
    const suffixes = (map: Uint32Array): string =>
      Array.from(map, (label, at) => (label === 0 ? "." : "?tlbr"[(label - picture.labels[at]!) / OBJECTS])).join("");
    expect(suffixes(topBottom)).toBe(["tt...", "bb..t", "..t.b", "...bb"].join(""));
    expect(suffixes(leftRight)).toBe(["lr...", "lr..r", "..l.r", "...rr"].join(""));
  });

  test("draws spirals that are one path", () => {
    const picture = spiral(21);
    expect(flood(picture)).toHaveLength(1);
    expect(picture.labels.reduce((sum, label) => sum + label)).toBeGreaterThan(200);
  });
});

describe("divide", () => {
  test.each<readonly [string, Picture]>([
    ["nothing", draw(9, 7, () => 0)],
    ["one pixel of one", art("1")],
    ["single pixels", art("1.2.1", ".....", "3.1.3", ".....", "1.2.1")],
    ["one row", art(".111122.1")],
    ["one column", art(..."..1112.11")],
    ["a row and a column in a picture", art(".....", "1111.", "....2", "....2", "....2")],
    ["everything", draw(13, 17, () => 335)],
    ["components that touch at corners only", art("1...1", ".1.1.", "..1..", ".2.2.", "2...2")],
    ["corners of two labels that cross", art("12", "21")],
    ["labels beside each other", art("1122", "1122", "3344", "3344")],
    ["a ring around another label", art("11111", "12221", "12.21", "12221", "11111")],
    ["arms that meet in the last row", art("1.1.1", "1.1.1", "11111")],
    ["a W of diagonals", art("1...1...1", ".1.1.1.1.", "..1...1..")],
    ["a stair down to the left", draw(31, 31, (row, column) => (row + column === 30 ? 4 : 0))],
    ["ends of rows that do not touch", art("..1", "1..", "..2", "2..")],
    ["the whole width in alternate rows", draw(11, 67, (row) => (row % 2 === 0 ? 7 : 0))],
    ["a checkerboard of one label", draw(15, 22, (row, column) => (row + column) % 2)],
    ["a checkerboard of two", draw(15, 22, (row, column) => 1 + ((row + column) % 2))],
    ["a lattice of points", draw(16, 21, (row, column) => (row % 2 === 0 && column % 2 === 0 ? 9 : 0))],
    ["a comb", draw(33, 65, (row, column) => (row === 0 || column % 2 === 0 ? 5 : 0))],
    ["a comb on its back", draw(33, 65, (row, column) => (row === 32 || column % 2 === 0 ? 5 : 0))],
    ["a comb on its side", draw(65, 33, (row, column) => (column === 32 || row % 2 === 0 ? 5 : 0))],
    ["a snake", draw(65, 33, (row, column) => (row % 2 === 0 || column === (row % 4 === 1 ? 32 : 0) ? 5 : 0))],
    ["a spiral", spiral(64)],
    ["a spiral from its inside", turned(spiral(95))],
    ["a long spiral", spiral(255)],
  ])("%s", async (_, picture) => await expectDivided(picture));

  test.each([
    [3, 5],
    [17, 31],
    [64, 64],
    [128, 96],
    [1, 200],
    [200, 1],
    [63, 129],
  ])("%i × %i at random", async (height, width) => {
    const densities = [0.1, 0.3, 0.407, 0.5, 0.593, 0.8, 1];
    await expectDivided(...densities.map((density, seed) => noise(seed, height, width, density, 1)));
    await expectDivided(...densities.map((density, seed) => noise(seed, height, width, density, 3)));
  });

  test("images keep to themselves", async () => {
    // The last row of each would go on in the first of the next.
    await expectDivided(...Array.from({ length: 5 }, (_, image) => draw(6, 9, (row) => (row === image ? 0 : 1))));
  });

  test("a picture of blobs as a segmenter draws them, the same every time", async () => {
    const blobs = noise(3, 16, 16, 0.9, 12);
    const picture = draw(256, 256, (row, column) => blobs.labels[(row >> 4) * 16 + (column >> 4)]!);
    const runs = [await run([picture, picture]), await run([picture, picture])] as const;
    expectSame(runs[0].actual, runs[0].expected);
    expectSame(runs[1].actual, runs[0].actual);
  });

  test.each([true, false])("any maps, and leaves the others alone (pixels flat: %s)", async (flat) => {
    const pictures = [noise(1, 7, 11, 0.6, 2), noise(2, 7, 11, 0.6, 2)];
    const { actual, expected } = await run(pictures, { channel: 2, topBottom: 4, leftRight: 1 }, flat);
    expect(actual).toEqual(expected);
  });

  test("refuses maps that are not there, that are the same, and other sizes", () => {
    const graph = new Graph("gpu");
    const options = { channel: 0, topBottom: 3, leftRight: 4, objects: OBJECTS, height: 6, width: 8 };
    const labels = graph.value("labels", [2, 5, 48], "u32");
    const refused = expect.objectContaining({ code: "shape", message: expect.stringContaining('"labels"') });
    expect(() => divide(graph, labels, { ...options, leftRight: 5 })).toThrow(refused);
    expect(() => divide(graph, labels, { ...options, channel: -1 })).toThrow(refused);
    expect(() => divide(graph, labels, { ...options, topBottom: 0 })).toThrow(refused);
    expect(() => divide(graph, labels, { ...options, width: 9 })).toThrow(refused);
    expect(() => divide(graph, graph.value("labels", [2, 5, 48]), options)).toThrow(refused);
    expect(graph.steps).toEqual([]);
  });
});
