import { decode } from "fast-png";
import { expect, test } from "vitest";
import { picturePng, tilesLegend } from "../../src/cli/tile-pictures.ts";
import type { Generator } from "../../src/index.ts";
import { tileColors } from "../../src/kernels/maps/picture.ts";
import { expectKept } from "../report/kept.ts";

/** Of three kinds of tiles, or of pictures. */
const making = (range: string, width = 8, crop?: readonly [number, number]): Pick<Generator, "network"> =>
  ({
    network: {
      outputs: [
        { kind: "raw", range, channels: 3, height: 8, width, labels: ["ground", "a < b"], ...(crop && { crop }) },
      ],
    },
  }) as unknown as Generator;

const bytes = [...tileColors(3)].map((value) => Math.floor(((value + 1) / 2) * 255));
const color = (tile: number) => bytes.slice(4 * tile, 4 * tile + 3);

test("pictures of tiles are their numbers and a palette, sheets' gaps white", () => {
  // as another GPU rounds
  const nearly = color(1).map((value, channel) => (channel === 0 ? value + 1 : value));
  const rgb = Uint8Array.from([color(2), nearly, [255, 255, 255], color(0), color(1), color(2)].flat());
  const png = picturePng(making("tiles"))({ width: 3, height: 2, rgb });
  expect(png[25]).toBe(3); // colour type: palette
  const { data, palette, channels, width, height } = decode(png);
  expect(channels).toBe(1);
  // each a square of 16 pixels
  expect([width, height]).toEqual([48, 32]);
  const numbers = [
    [2, 1, 3],
    [0, 1, 2],
  ];
  expect([...data]).toEqual(
    Array.from({ length: 48 * 32 }, (_, at) => numbers[(at / 48 / 16) | 0]![((at % 48) / 16) | 0]!),
  );
  expect(palette).toEqual([color(0), color(1), color(2), [255, 255, 255]]);
});

test("of a hundred kinds each is its own number", () => {
  const { network } = making("tiles");
  const many = { network: { ...network, outputs: network.outputs.map((output) => ({ ...output, channels: 100 })) } };
  const shown = [...tileColors(100)].map((value) => Math.floor(((value + 1) / 2) * 255));
  const rgb = Uint8Array.from(shown.filter((_, at) => at % 4 < 3));
  const { data } = decode(picturePng(many)({ width: 100, height: 1, rgb }));
  const numbers = Array.from({ length: 100 }, (_, tile) => data[16 * tile]!);
  const first = numbers.map((_, tile) =>
    numbers.findIndex((_, other) => [0, 1, 2].every((c) => rgb[3 * other + c] === rgb[3 * tile + c])),
  );
  expect(numbers).toEqual(first);
  expect(new Set(first).size).toBeGreaterThan(90);
});

test.each([
  [64, 16],
  [100, 10],
  [600, 1],
  [2000, 1],
])("a tile of a level of %i is drawn %i pixels wide", (wide, edge) => {
  const picture = { width: 2, height: 1, rgb: Uint8Array.from([...color(0), ...color(1)]) };
  expect(decode(picturePng(making("tiles", wide))(picture))).toMatchObject({ width: 2 * edge, height: edge });
  expect(decode(picturePng(making("tiles", wide, [4, 64]))(picture))).toMatchObject({ width: 32, height: 16 });
});

test("a picture with any other colour, and all of other generators, are RGB", () => {
  const rgb = Uint8Array.of(...color(0), 1, 2, 3);
  for (const range of ["tiles", "-1..1"]) {
    const png = picturePng(making(range))({ width: 2, height: 1, rgb });
    expect(png[25]).toBe(2);
    expect([...decode(png).data]).toEqual([...rgb]);
  }
  const tiles = picturePng(making("-1..1"))({ width: 1, height: 1, rgb: Uint8Array.from(color(0)) });
  expect(tiles[25]).toBe(2);
});

test("the legend has every kind of tile, as it was looked at", () => {
  expect(tilesLegend(making("0..1"))).toBeUndefined();
  const legend = tilesLegend(making("tiles"))!;
  for (const name of ["ground", "a &#60; b", "tile 3"]) expect(legend).toContain(`>${name}</text>`);
  expectKept("tiles-legend.svg", legend);
});
