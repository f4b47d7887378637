import { decode } from "fast-png";
import { expect, test } from "vitest";
import { editedPictures } from "../../../src/cli/edit/pictures.ts";
import type { Edit, Generator } from "../../../src/index.ts";

const [HEIGHT, WIDTH] = [2, 3];
const EDITS: readonly Edit[] = [{ layer: "layer4", units: [1] }];

/**
 * Draws images whose bytes are their number, one more in each row; edited ones are 100 brighter.
 */
function drawing() {
  let drawn = 0;
  const images = async function* ({ size, edits }: { size: number; edits?: readonly Edit[] }) {
    for (let image = 0; image < size; image += 1) {
      drawn += 1;
      const rgb = new Uint8Array(3 * HEIGHT * WIDTH).fill(image + (edits === EDITS ? 100 : 0));
      yield { rgb: rgb.map((value, at) => value + 20 * Math.floor(at / (3 * WIDTH))) };
    }
  };
  const generator = { height: HEIGHT, width: WIDTH, images, network: { outputs: [] } } as unknown as Generator;
  return { generator, drawn: () => drawn };
}

const options = (size: number) => ({ size, seed: 1, signal: new AbortController().signal });

test("pictures are there as soon as they are drawn, and the strip has the first sixteen", async () => {
  const { generator, drawn } = drawing();
  const names: string[] = [];
  let last: Uint8Array | undefined;
  for await (const { name, png } of editedPictures(generator, EDITS, options(20))) {
    if (names.length < 20) expect([name, drawn()]).toEqual([`image_${names.length}.png`, 2 * (names.length + 1)]);
    names.push(name);
    last = png;
  }
  expect([names.length, names[20]]).toEqual([21, "before-after.png"]);
  const { width, height } = decode(last!);
  expect([width, height]).toEqual([16 * (WIDTH + 2) - 2, 2 * (HEIGHT + 2) - 2]);
});

/** The red of every pixel, by rows. */
function reds(png: Uint8Array): number[][] {
  const { width, height, data } = decode(png);
  return Array.from({ length: height }, (_, y) =>
    Array.from({ length: width }, (_, x) => Number(data[3 * (y * width + x)])),
  );
}

test("edited ones stand right of the others, and below them in the strip, two white pixels apart", async () => {
  const pngs: number[][][] = [];
  for await (const { png } of editedPictures(drawing().generator, EDITS, options(2))) pngs.push(reds(png));
  const [one, two, white] = [
    [0, 1],
    [20, 21],
    [255, 255],
  ] as const;
  const times = (value: number): number[] => new Array<number>(WIDTH).fill(value);
  expect(pngs[0]).toEqual([
    [...times(0), ...white, ...times(100)],
    [...times(20), ...white, ...times(120)],
  ]);
  const row = ([left, right]: readonly [number, number], more: number) => [
    ...times(left + more),
    ...white,
    ...times(right + more),
  ];
  const gap = new Array<number>(2 * WIDTH + 2).fill(255);
  expect(pngs[2]).toEqual([row(one, 0), row(two, 0), gap, gap, row(one, 100), row(two, 100)]);
});
