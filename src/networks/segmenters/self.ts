import { UsageError } from "../../errors.ts";
import { picking, separable } from "../../kernels/maps/separable.ts";
import { type Network, type NetworkOutput, networkOf } from "../network.ts";
import type { SegmenterNetwork } from "./network.ts";

// Tests: test/models/self.test.ts

/** What a kind of tile is a kind of. */
const CATEGORY = "tile";
const HEAD = "tiles";

const first = (count: number): number[] => Array.from({ length: count }, (_, index) => index);

/**
 * The names of tiles in the order of their channels: as the network calls them, or "tile N" from 1.
 */
export const tileNames = ({ channels, labels = [] }: Pick<NetworkOutput, "channels" | "labels">): string[] =>
  first(channels).map((channel) => labels[channel] ?? `tile ${channel + 1}`);

/**
 * A generator of tiles as what labels its own images: its channels are the logits, cropped as its
 * pictures are. Label i is channel i − 1, called as the network calls it, or "tile i"; every pixel
 * has one.
 * @throws UsageError when the network makes pictures.
 */
export function ownLabels(network: Network): SegmenterNetwork {
  const raw = network.outputs.find(({ kind }) => kind === "raw");
  if (raw?.range !== "tiles") {
    throw new UsageError(
      `${network.architecture} makes pictures, which say nothing of what is there.`,
      'Give a segmenter; only generators of tiles (the range "tiles") label their own images.',
    );
  }
  const { channels, height, width, crop = [height, width] } = raw;
  const [rows, columns] = crop;
  const whole = rows === height && columns === width;
  const tiles = networkOf(
    {
      name: `tiles of ${network.architecture}`,
      build({ graph, input, output }) {
        const x = input({ name: "raw", height, width, channels });
        const cropped = () => separable(graph, x(), picking(height, first(rows)), picking(width, first(columns)));
        output(HEAD, "logits", whole ? x : cropped);
      },
    },
    new Map(),
  );
  return {
    ...tiles,
    // of pictures, which it has none
    pixels: { order: "RGB", range: 1, mean: [0, 0, 0], deviation: [1, 1, 1] },
    segsizes: [],
    labels: ["-", ...tileNames(raw)].map((name) => ({ name, category: CATEGORY })),
    maps: [
      { head: HEAD, ranges: [{ first: 0, count: channels }], names: first(channels).map((channel) => channel + 1) },
    ],
  };
}
