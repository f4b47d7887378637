import type { LayerInfo } from "../networks/network.ts";
import { placeOf } from "../report/extents.ts";
import type { Image } from "../report/image.ts";
import { StripArtist } from "../report/strips.ts";
import { Tiles } from "../report/tiles.ts";
import { padded } from "../runtime/graph.ts";
import type { Dissected, ServedProject } from "./project.ts";
import { notFound } from "./refused.ts";

// Tests: test/server/v1.test.ts

/** Units side by side in an atlas, row by row. */
export const COLUMNS = 16;
/** Images at a time: others wait no longer than for these. */
const PASS = 8;

/**
 * All units of a dissected layer, each on a square tile of this size: the image that activates it
 * most, dimmed where the unit is off, as reports draw it.
 * @throws Refused 404 for a layer that was not dissected; the signal's reason.
 */
export async function drawAtlas(
  project: ServedProject,
  layer: LayerInfo,
  size: number,
  signal: AbortSignal,
): Promise<Image> {
  const units = project.dissected(layer.name)?.units;
  if (!units) throw notFound(`${layer.name} was not dissected.`, "Ask for a layer of `rankings`.");
  const { generator, renderer } = project;
  const { height, width, uncropped, resolution } = generator;
  const model = { name: generator.name, resolution, height, width, uncropped, sizes: [] };
  const [wide, high] = [Math.min(COLUMNS, units.length), Math.ceil(units.length / COLUMNS)];
  const atlas: Image = {
    width: wide * size,
    height: high * size,
    channels: 3,
    data: new Uint8Array(3 * wide * high * size ** 2),
  };
  const artist = new StripArtist({
    shape: [layer.height, layer.width],
    tiles: new Tiles([1, 1], []),
    placed: placeOf({ model }, {}),
    height: Math.max(1, Math.round((size * height) / resolution)),
  });
  const byImage = new Map<number, number[]>();
  units.forEach(({ top: [best] }, unit) => {
    if (best) byImage.set(best.imgnum, [...(byImage.get(best.imgnum) ?? []), unit]);
  });
  const images = [...byImage.keys()];
  for (let first = 0; first < images.length; first += PASS) {
    const pass = images.slice(first, first + PASS);
    const rows = renderer.rowsOf(pass, seedOf(project.dissection));
    const pictures = await renderer.images(rows, { signal });
    const features = (await renderer.features(rows, [layer.name], { signal })).get(layer.name)!;
    pass.forEach((image, i) => {
      const picture = { ...pictures[i]!, image, labels: new Uint8Array(1) };
      for (const unit of byImage.get(image)!) {
        const feature = channelOf(features, layer, i, unit);
        const tops = [{ picture, feature }];
        const { top } = artist.draw({ layer: layer.name, unit, tops }, units[unit]!.level ?? Number.NaN);
        paste(atlas, top, size * Math.floor(unit / COLUMNS), size * (unit % COLUMNS), size);
      }
    });
  }
  return atlas;
}

/** The seed of the images that were dissected. */
function seedOf(dissection: Dissected | undefined): number {
  const seed = dissection?.settings?.["seed"];
  return Number.isInteger(seed) && (seed as number) >= 0 ? (seed as number) : 1;
}

/** One unit's map of one image. */
function channelOf(features: Float32Array, { height, width, channels }: LayerInfo, image: number, unit: number) {
  const stored = padded(channels);
  const first = image * height * width * stored + unit;
  return Float32Array.from({ length: height * width }, (_, cell) => features[first + cell * stored]!);
}

/** A picture in the middle of its tile. */
function paste(atlas: Image, tile: Image, top: number, left: number, size: number): void {
  const [down, across] = [(size - tile.height) >> 1, (size - tile.width) >> 1];
  for (let y = 0; y < tile.height; y += 1) {
    const row = tile.data.subarray(3 * y * tile.width, 3 * (y + 1) * tile.width);
    atlas.data.set(row, 3 * ((top + down + y) * atlas.width + left + across));
  }
}
