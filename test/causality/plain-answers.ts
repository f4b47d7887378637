import { padded4 } from "../../src/causality/ace-search.ts";
import { gradient } from "../../src/gradient/gradient.ts";
import { type Extent, elements, Graph, padded } from "../../src/runtime/graph.ts";
import { Plan } from "../../src/runtime/plan.ts";
import type { Models } from "./label-maps.ts";

/** One image of a seed's, edited by α in one cell of the layer or everywhere. */
export interface Edited {
  readonly seed: number;
  readonly image: number;
  readonly cell: number;
  readonly everywhere?: boolean;
}

const gridOf = (extent: number | Extent): Extent => (typeof extent === "number" ? [extent, extent] : extent);

export interface Question {
  readonly layer: string;
  readonly concept: string;
  /** An edge of square maps, or rows and columns. */
  readonly extent: number | Extent;
  readonly images: number;
}

/**
 * Pixels of a cell of a map, whose edges are those of PyTorch's adaptive pooling: ⌊r S / H⌋ to ⌈(r
 * + 1) S / H⌉.
 */
function pixelsOf(
  cell: number,
  [rows, columns]: Extent,
  { height, width }: { readonly height: number; readonly width: number },
): number[] {
  const [row, column] = [Math.floor(cell / width), cell % width];
  const found: number[] = [];
  for (let y = Math.floor((row * rows) / height); y < Math.ceil(((row + 1) * rows) / height); y += 1) {
    for (let x = Math.floor((column * columns) / width); x < Math.ceil(((column + 1) * columns) / width); x += 1) {
      found.push(y * columns + x);
    }
  }
  return found;
}

const zOf = ({ generator }: Models, edited: readonly Edited[]): Float32Array[] =>
  edited.map(({ seed, image }) => generator.sample({ size: 1, seed, start: image }));

function masksOf({ generator }: Models, layer: string, edited: readonly Edited[]): Float32Array<ArrayBuffer> {
  const { height, width } = generator.layer(layer);
  const cells = height * width;
  const mask = new Float32Array(edited.length * cells);
  edited.forEach(({ cell, everywhere }, i) => {
    if (everywhere) mask.fill(1, i * cells, (i + 1) * cells);
    else mask[i * cells + cell] = 1;
  });
  return mask;
}

/**
 * What one asks of edited images, by networks as anybody runs them: `share`, of every image, is the
 * mean of the concept's scores (or of its pixels) over its cell of the layer, `total` their sum
 * over the image.
 */
export async function plainAnswers(models: Models, { layer, concept, extent, images }: Question) {
  const grid = gridOf(extent);
  const pixels = elements(grid);
  const { generator, segmenter } = models;
  const { device } = generator;
  const { channels, height, width } = generator.layer(layer);
  const draw = await generator.compile({ batch: images, editable: [layer] });
  const graph = new Graph(device.target);
  const input = graph.map("image", images, generator.height, generator.width, 3);
  const score = segmenter.score(graph, input, concept, extent);
  const labels = segmenter.append(graph, input, extent);
  const bind = [...(await segmenter.bind(graph)), [input, draw.image!] as const];
  const read = await Plan.compile(device, graph, { keep: [score, labels], bind });
  const wanted = segmenter.label(concept);
  const units = Array.from({ length: channels }, (_, unit) => unit);

  async function ask(
    of: "score" | "mask",
    edited: readonly Edited[],
    alpha: ArrayLike<number>,
    value: ArrayLike<number>,
  ) {
    const mask = { height, width, data: masksOf(models, layer, edited) };
    draw.setEdit({ layer, units, alpha: Array.from(alpha), value: Array.from(value), mask });
    draw.run(Float32Array.from(zOf(models, edited).flatMap((row) => [...row])));
    read.run();
    const map: ArrayLike<number> =
      of === "score"
        ? await read.tensor(score).read()
        : Array.from(await read.tensor<"u32">(labels).read(), (label) => Number(label === wanted));
    return edited.map(({ cell }, i) => {
      const one = Array.from({ length: pixels }, (_, at) => map[i * pixels + at]!);
      const inCell = pixelsOf(cell, grid, { height, width }).map((pixel) => one[pixel]!);
      return { share: mean(inCell), total: one.reduce((sum, value) => sum + value, 0) };
    });
  }
  const dispose = (): void => {
    read.dispose();
    draw.dispose();
  };
  return { ask, dispose };
}

/**
 * [units]: how the sum of edited images' scores in their cells depends on α. (Random networks have
 * too many kinks for differences.)
 */
export async function plainSlope(
  models: Models,
  { layer, concept, extent }: Omit<Question, "images">,
  edited: readonly Edited[],
  alpha: ArrayLike<number>,
  value: ArrayLike<number>,
): Promise<Float32Array> {
  const { generator, segmenter } = models;
  const { device, zSize } = generator;
  const graph = new Graph(device.target);
  const { input, image, edits } = generator.append(graph, edited.length, { editable: [layer] });
  const values = edits.get(layer)!;
  const score = segmenter.score(graph, image!, concept, extent);
  const seed = graph.value("weights", score.shape);
  const [slope] = gradient(graph, score, [values.alpha], { seed });
  const bind = [...(await generator.bind(graph)), ...(await segmenter.bind(graph))];
  const plan = await Plan.compile(device, graph, { keep: [slope!], bind });
  const z = new Float32Array(edited.length * padded(zSize));
  zOf(models, edited).forEach((row, i) => {
    z.set(row, i * padded(zSize));
  });
  const weights = new Float32Array(edited.length * elements(gridOf(extent)));
  edited.forEach(({ cell }, i) => {
    const pixels = pixelsOf(cell, gridOf(extent), generator.layer(layer));
    for (const pixel of pixels) weights[i * elements(gridOf(extent)) + pixel] = 1 / pixels.length;
  });
  plan.tensor(input).write(z);
  plan.tensor(seed).write(weights);
  plan.tensor(values.mask).write(masksOf(models, layer, edited));
  plan.tensor(values.alpha).write(padded4(alpha));
  plan.tensor(values.value).write(padded4(value));
  plan.run();
  const found = await plan.tensor(slope!).read(alpha.length);
  plan.dispose();
  return found;
}

export const mean = (numbers: readonly number[]): number => numbers.reduce((sum, one) => sum + one, 0) / numbers.length;
