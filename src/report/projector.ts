import type { Dissection } from "../dissect/result.ts";
import { displayNames } from "./concepts.ts";
import { tsvText } from "./csv.ts";
import { layerFolders } from "./gandissect.ts";
import { row, seenConcepts } from "./rankings.ts";

/** A picture of many small ones of equal size, from left to right and from the top down. */
export interface Sprite {
  /** The file, a PNG. */
  readonly data: Uint8Array;
  /** Width and height of each small picture, in pixels. */
  readonly picture: readonly [width: number, height: number];
}

/** A file of `toProjector`, by its path. */
export type ProjectorFiles = ReadonlyMap<string, Uint8Array | string>;

/**
 * Units as points of the Embedding Projector, those of equal concepts close to each other: a
 * point's coordinates are the unit's IoU with every concept that is some unit's best. `LAYER.tsv`
 * has these, `LAYER.units.tsv` what a unit is, `projector_config.pbtxt` names them for TensorBoard
 * (`tensorboard --logdir FOLDER`), `projector.json` for the page of
 * its own, projector.tensorflow.org.
 *
 * Coordinates are text: TensorBoard reads any file as text first, and as binary only where that is
 * not UTF-8, which zeros are.
 * @param sprites of layers by their names: a picture a unit, in their order
 */
export function toProjector(dissection: Dissection, sprites: ReadonlyMap<string, Sprite> = new Map()): ProjectorFiles {
  const { layers, labels } = dissection;
  const names = displayNames(labels);
  const shown = seenConcepts(dissection).filter((label) => label > 0);
  const folders = layerFolders(dissection);
  const files = new Map<string, Uint8Array | string>();
  const embeddings = layers.map(({ layer, units, tables }, i) => {
    const scores = shown.map((label) => row(tables.iou, label, units.length));
    const paths = { tensorPath: `${folders[i]}.tsv`, metadataPath: `${folders[i]}.units.tsv` };
    files.set(paths.tensorPath, tsvText(units.map((_, u) => scores.map((column) => single(column[u]!)))));
    const about = units.map(({ unit, label, iou, interpretable }) => {
      const [name, category] = label === 0 ? ["", ""] : [names[label]!, labels[label]!.category];
      return [name ? `${unit} ${name}` : `${unit}`, unit, name, category, single(iou), interpretable];
    });
    files.set(paths.metadataPath, tsvText([["name", "unit", "concept", "category", "iou", "interpretable"], ...about]));
    const sprite = sprites.get(layer);
    const imagePath = `${folders[i]}.png`;
    if (sprite) files.set(imagePath, sprite.data);
    return {
      tensorName: layer,
      tensorShape: [units.length, shown.length],
      ...paths,
      ...(sprite && { sprite: { imagePath, singleImageDim: [...sprite.picture] } }),
    };
  });
  files.set("projector.json", `${JSON.stringify({ embeddings }, null, 1)}\n`);
  files.set("projector_config.pbtxt", embeddings.map(asText).join(""));
  return files;
}

/** What is not finite is no agreement. */
const single = (value: number): number => (Number.isFinite(value) ? Math.fround(value) : 0);

interface Embedding {
  readonly tensorName: string;
  readonly tensorShape: readonly number[];
  readonly tensorPath: string;
  readonly metadataPath: string;
  readonly sprite?: { readonly imagePath: string; readonly singleImageDim: readonly number[] };
}

/** As protocol buffers' text has it (tensorboard's projector_config.proto). */
function asText({ tensorName, tensorShape, tensorPath, metadataPath, sprite }: Embedding): string {
  const lines = [
    `tensor_name: ${quoted(tensorName)}`,
    ...tensorShape.map((extent) => `tensor_shape: ${extent}`),
    `tensor_path: ${quoted(tensorPath)}`,
    `metadata_path: ${quoted(metadataPath)}`,
    ...(sprite
      ? [
          `sprite { image_path: ${quoted(sprite.imagePath)} ${sprite.singleImageDim.map((extent) => `single_image_dim: ${extent}`).join(" ")} }`,
        ]
      : []),
  ];
  return `embeddings {\n${lines.map((line) => `  ${line}\n`).join("")}}\n`;
}

/** Bytes that are not plain characters as octal numbers, which all readers of the form know. */
const quoted = (text: string): string =>
  `"${Array.from(new TextEncoder().encode(text), (byte) =>
    byte < 0x20 || byte > 0x7e || byte === 0x22 || byte === 0x5c
      ? `\\${byte.toString(8).padStart(3, "0")}`
      : String.fromCharCode(byte),
  ).join("")}"`;
