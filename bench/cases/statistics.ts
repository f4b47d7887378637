import { hazen } from "../../src/dissect/quantiles.ts";
import { recogniseClassifier } from "../../src/networks/classifiers/recognise.ts";
import { RandomState } from "../../src/weights/random.ts";
import type { Case } from "../cases.ts";
import { contest } from "../compete.ts";
import type { Contest } from "../contest.ts";
import { NetworkBuilder } from "../networks/operations.ts";
import { resnet18 } from "../networks/resnet18.ts";
import { classifierMap, counting, dissecting, requestDevice, selection } from "../ours.ts";
import { noise, picture } from "./forward.ts";
import { recipe } from "./states.ts";

const UNITS = 512;
/** Concepts that an image shows: a grid of 4 × 4 with wavy borders. */
const CONCEPTS = 16;

/** Edges of what a classifier sees, and of its label maps by PNAS 2020's rule. */
const [EDGE, LABELS] = [224, 56];

/** Upper shares from a thousandth to everything, as gandissect looks for the best level among. */
const SHARES = Array.from({ length: 100 }, (_, i) => 10 ** (-3 * (1 - i / 99)));

/** What a dissection counts and selects for one layer of 512 units. */
export const STATISTICS: readonly Case[] = [
  ...[
    { map: 8, labels: 128, levels: 1, headline: true },
    { map: 8, labels: 128, levels: 100, headline: true },
    { map: 8, labels: 256, levels: 1, headline: false },
    { map: 8, labels: 256, levels: 100, headline: false },
    { map: 32, labels: 128, levels: 100, headline: false },
    { map: 32, labels: 256, levels: 1, headline: false },
    { map: 32, labels: 256, levels: 100, headline: false },
  ].map(({ headline, ...sizes }) => {
    const { map, labels, levels } = sizes;
    const name = `count ${UNITS} units ${map}x${map} on ${labels}x${labels} at ${levels} level${levels > 1 ? "s" : ""}`;
    return contest(name, headline, async () => count(sizes));
  }),
  contest(`resnet18-${EDGE} dissection of a photograph`, true, photograph),
  contest(`quantiles 100 of ${UNITS} units 8x8 x64`, true, async () => select(64)),
  contest(`quantiles 100 of ${UNITS} units 8x8 x1000`, false, async () => select(1000)),
];

function count(sizes: { readonly map: number; readonly labels: number; readonly levels: number }): Contest {
  const { map, labels: size } = sizes;
  const input = smooth(map);
  const levels = new Float32Array(sizes.levels * UNITS);
  for (let unit = 0; unit < UNITS; unit += 1) {
    const sorted = input.filter((_, at) => at % UNITS === unit).sort();
    const shares = sizes.levels === 1 ? [0.005] : SHARES;
    const quantiles = shares.map((share) => {
      const { low, weight } = hazen(1 - share, sorted.length);
      // A hair off, so that no activation lies on its own level.
      return sorted[low]! * (1 - weight) + (sorted[low + 1] ?? sorted[low]!) * weight - 1e-4;
    });
    for (const [level, quantile] of quantiles.sort((a, b) => a - b).entries()) levels[level * UNITS + unit] = quantile;
  }
  const options = { size, levels, concepts: CONCEPTS, labels: concepts(size) };
  const builder = new NetworkBuilder([1, map, map, UNITS]);
  const network = builder.network(builder.count(builder.input, options));
  return { input, network, ours: counting(options), counts: true };
}

/** The concept of each pixel. */
const concepts = (size: number): Uint32Array<ArrayBuffer> =>
  Uint32Array.from({ length: size ** 2 }, (_, at) => {
    const [y, x] = [Math.floor(at / size) / size, (at % size) / size];
    const wavy = (a: number, b: number): number =>
      Math.min(3, Math.max(0, Math.floor(4 * (a + 0.05 * Math.sin(20 * b)))));
    return 4 * wavy(y, x) + wavy(x, y);
  });

/** ResNet-18 of one photograph to its last map, whose units are counted at one level each. */
async function photograph(): Promise<Contest> {
  const state = await recipe("resnet18");
  const { builder, last } = await resnet18(state, EDGE);
  const input = picture(builder.input.shape);
  const classifier = recogniseClassifier(state, { edge: EDGE });
  const device = await requestDevice();
  const seen = await classifierMap(device, classifier, "layer4", builder.input.shape, input);
  seen.run();
  const map = await seen.maps.read();
  seen.dispose();
  device.dispose();
  // Of each unit the level that a tenth of its activations exceed, a hair off: none lies on it.
  const levels = Float32Array.from({ length: UNITS }, (_, unit) => {
    const sorted = map.filter((_, at) => at % UNITS === unit).sort();
    return sorted[Math.floor(0.9 * sorted.length)]! - 1e-4;
  });
  const options = { size: LABELS, levels, concepts: CONCEPTS, labels: concepts(LABELS) };
  const network = builder.network(builder.count(last, options));
  return { input, network, ours: dissecting(classifier, "layer4", options), counts: true };
}

/** A few waves a unit. */
function smooth(extent: number): Float32Array<ArrayBuffer> {
  const random = new RandomState(1);
  const map = new Float32Array(extent ** 2 * UNITS);
  for (let unit = 0; unit < UNITS; unit += 1) {
    const waves = Array.from({ length: 3 }, () => [0, 1, 2, 3].map(() => random.nextNormal()));
    for (let pixel = 0; pixel < extent ** 2; pixel += 1) {
      const [y, x] = [Math.floor(pixel / extent) / extent, (pixel % extent) / extent];
      for (const [height, down, right, phase] of waves as [number, number, number, number][]) {
        map[pixel * UNITS + unit]! += height * Math.sin(6 * (down * y + right * x) + 6 * phase);
      }
    }
  }
  return map;
}

function select(images: number): Contest {
  const builder = new NetworkBuilder([images, 8, 8, UNITS]);
  const quantiles = SHARES.map((share) => 1 - share);
  const positions = quantiles.map((quantile) => hazen(quantile, images * 64));
  const network = builder.network(builder.quantiles(builder.input, positions));
  return { input: noise(builder.input.shape), network, ours: selection(quantiles, positions) };
}
