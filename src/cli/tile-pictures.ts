import type { Generator } from "../index.ts";
import { tileColors } from "../kernels/maps/picture.ts";
import type { NetworkOutput } from "../networks/network.ts";
import { tileNames } from "../networks/segmenters/self.ts";
import { encodePng } from "../node/photo/encode-png.ts";
import type { Rgb } from "../report/colors.ts";
import { drawing, text, textWidth, widthFor } from "../report/svg.ts";

// Tests: test/cli/tile-pictures.test.ts

type Drawing = Pick<Generator, "network">;
type Picture = { readonly width: number; readonly height: number; readonly rgb: Uint8Array };

const WHITE: Rgb = [255, 255, 255];

/** What a generator of tiles makes; others make none. */
const tilesOf = ({ network }: Drawing): NetworkOutput | undefined =>
  network.outputs.find(({ kind, range }) => kind === "raw" && range === "tiles");

/** The colours of its tiles as bytes, as pictures have them. */
function colorsOf({ channels }: NetworkOutput): Rgb[] {
  const colors = tileColors(channels);
  const byte = (at: number): number => Math.floor(((colors[at]! + 1) / 2) * 255);
  return Array.from({ length: channels }, (_, tile) => [byte(4 * tile), byte(4 * tile + 1), byte(4 * tile + 2)]);
}

/**
 * Makes PNGs of a generator's RGB pictures, or of sheets of them on white. Tiles are written as
 * their numbers with a palette: index i is the channel i of the network, the last one white.
 */
export function picturePng(generator: Drawing): (picture: Picture) => Uint8Array {
  const tiles = tilesOf(generator);
  const palette = tiles && [...colorsOf(tiles), WHITE];
  const indices = new Map<number, number>();
  // A GPU may round a byte the other way.
  const indexOf = (rgb: Rgb): number =>
    palette!.findIndex((color) => color.every((value, channel) => Math.abs(value - rgb[channel]!) <= 1));
  return ({ width, height, rgb }) => {
    const plain = () => encodePng({ width, height, channels: 3, data: rgb });
    if (!palette || palette.length > 256) return plain();
    const data = new Uint8Array(width * height);
    for (let pixel = 0; pixel < data.length; pixel += 1) {
      const [r, g, b] = [rgb[3 * pixel]!, rgb[3 * pixel + 1]!, rgb[3 * pixel + 2]!];
      const key = (r << 16) | (g << 8) | b;
      const index = indices.get(key) ?? indexOf([r, g, b]);
      if (index < 0) return plain();
      indices.set(key, index);
      data[pixel] = index;
    }
    return encodePng({ width, height, channels: 1, data, palette });
  };
}

/** A drawing of a tile's colour and name for each kind; none where a generator makes pictures. */
export function tilesLegend(generator: Drawing): string | undefined {
  const tiles = tilesOf(generator);
  if (!tiles) return undefined;
  const [title, line, top] = ["Tiles", 20, 34];
  const names = tileNames(tiles);
  const rows = colorsOf(tiles).map(([r, g, b], tile) => {
    const y = top + line * tile;
    return `<rect x="8" y="${y}" width="14" height="14" fill="rgb(${r},${g},${b})"/>${text(30, y + 11, names[tile]!, "start")}`;
  });
  const longest = names.reduce((most, name) => Math.max(most, textWidth(name)), 0);
  return drawing(widthFor(title, Math.ceil(longest) + 38), top + line * rows.length, title, rows);
}
