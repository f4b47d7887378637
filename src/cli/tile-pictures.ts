import type { Generator } from "../index.ts";
import { tileBytes } from "../kernels/maps/picture.ts";
import type { NetworkOutput } from "../networks/network.ts";
import { tileNames } from "../networks/segmenters/self.ts";
import { encodePng } from "../node/photo/encode-png.ts";
import type { Rgb } from "../report/colors.ts";
import { resizeNearest } from "../report/image.ts";
import { drawing, text, textWidth, widthFor } from "../report/svg.ts";

// Tests: test/cli/tile-pictures.test.ts

type Drawing = Pick<Generator, "network">;
type Picture = { readonly width: number; readonly height: number; readonly rgb: Uint8Array };

const WHITE: Rgb = [255, 255, 255];

/** What a generator of tiles makes; others make none. */
const tilesOf = ({ network }: Drawing): NetworkOutput | undefined =>
  network.outputs.find(({ kind, range }) => kind === "raw" && range === "tiles");

/** Edge of a tile in PNGs, in pixels, and the longer edge of a level, where tiles are smaller. */
const [TILE, LEVEL] = [16, 1024];

/**
 * Makes PNGs of a generator's RGB pictures, or of sheets of them on white. Tiles are written as
 * their numbers with a palette: index i is the channel i of the network, the last one white. They
 * are squares of 16 pixels, or as large as a level of 1,024 lets them be.
 */
export function picturePng(generator: Drawing): (picture: Picture) => Uint8Array {
  const tiles = tilesOf(generator);
  const palette = tiles && [...tileBytes(tiles.channels), WHITE];
  const edge = tiles ? Math.max(1, Math.min(TILE, Math.floor(LEVEL / Math.max(...sizeOf(tiles))))) : 1;
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
    const extent = [height * edge, width * edge] as const;
    const enlarged = Uint8Array.from(resizeNearest(data, [height, width], extent));
    return encodePng({ width: extent[1], height: extent[0], channels: 1, data: enlarged, palette });
  };
}

/** Rows and columns that count. */
const sizeOf = ({ height, width, crop = [height, width] }: NetworkOutput): readonly [number, number] => crop;

/** A drawing of a tile's colour and name for each kind; none where a generator makes pictures. */
export function tilesLegend(generator: Drawing): string | undefined {
  const tiles = tilesOf(generator);
  if (!tiles) return undefined;
  const [title, line, top] = ["Tiles", 20, 34];
  const names = tileNames(tiles);
  const rows = tileBytes(tiles.channels).map(([r, g, b], tile) => {
    const y = top + line * tile;
    return `<rect x="8" y="${y}" width="14" height="14" fill="rgb(${r},${g},${b})"/>${text(30, y + 11, names[tile]!, "start")}`;
  });
  const longest = names.reduce((most, name) => Math.max(most, textWidth(name)), 0);
  return drawing(widthFor(title, Math.ceil(longest) + 38), top + line * rows.length, title, rows);
}
