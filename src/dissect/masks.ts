import { LabelsError } from "../errors.ts";
import { cutOf } from "../models/view.ts";
import type { View } from "../networks/classifiers/network.ts";
import type { Label } from "../networks/segmenters/network.ts";
import type { Device } from "../runtime/device.ts";
import { type Extent, elements } from "../runtime/graph.ts";
import { Tensor } from "../runtime/tensor.ts";
import type { Labeller } from "./subject.ts";

/** A label a pixel, rows from the top, in the proportions of its photograph; 0 is none. */
export interface LabelMask {
  /** Columns. */
  readonly width: number;
  /** Rows. */
  readonly height: number;
  /** Row-major, width · height indices into the labels. */
  readonly labels: ArrayLike<number>;
}

/** What stands in a segmenter's place: masks and what their labels mean. */
export interface MasksOptions {
  /** The device of the network that is dissected. */
  readonly device: Device;
  /** What reports call them. */
  readonly name: string;
  /** Index 0 is none. */
  readonly labels: readonly Label[];
  /** What of photographs is seen, so that masks are cut alike. */
  readonly view: View;
  /** The mask of a photograph by its number. */
  read(number: number): LabelMask | Promise<LabelMask>;
}

/**
 * Masks that lie beside photographs, such as annotators', in a segmenter's place. They are looked
 * at in the centres of the cells of label maps.
 * @throws LabelsError for labels that begin with anything but "-".
 */
export function masks({ device, name, labels, view, read }: MasksOptions): Labeller {
  if (labels[0]?.name !== "-") throw new LabelsError('The first label is not "-" (none).', "Put it before the others.");
  const categories = [...new Set(labels.slice(1).map(({ category }) => category))];
  return {
    ...{ name, device, labels, categories, channels: 1, reads: "image" },
    async compile(image, grid) {
      const [batch = 1] = image.shape;
      const area = elements(grid);
      const maps = await device.allocating("masks", () => Tensor.create(device, "masks", [batch, 1, ...grid], "u32"));
      const numbers = new Uint32Array(batch * area);
      return {
        labels: maps,
        async run(images) {
          numbers.fill(0);
          for (const [index, number] of images.entries()) {
            const mask = await read(number);
            sampled(mask, view, grid, labels.length, numbers.subarray(index * area, (index + 1) * area));
          }
          maps.write(numbers);
        },
        dispose: () => maps.dispose(),
      };
    },
  };
}

/** Labels of the cells of a label map. @throws LabelsError for one that has no name. */
function sampled(mask: LabelMask, view: View, [rows, columns]: Extent, known: number, to: Uint32Array): void {
  const { width, height, labels } = mask;
  const cut = cutOf(view, mask);
  const place = (start: number, extent: number, at: number, of: number, pixels: number): number =>
    Math.min(pixels - 1, Math.max(0, Math.floor((start + ((at + 0.5) / of) * extent) * pixels)));
  for (let row = 0; row < rows; row += 1) {
    const y = place(cut.top, cut.height, row, rows, height);
    for (let column = 0; column < columns; column += 1) {
      const x = place(cut.left, cut.width, column, columns, width);
      const label = labels[y * width + x]!;
      if (!(label < known)) {
        throw new LabelsError(
          `A mask has the label ${label}, and there are names of 0…${known - 1} alone.`,
          "Give labels.json a name for each.",
        );
      }
      to[row * columns + column] = label;
    }
  }
}
