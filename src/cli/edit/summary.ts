import type { Label } from "../../dissect/result.ts";
import { displayNames } from "../../report/concepts.ts";
import { columns } from "../table.ts";

/** What an edit did: the content of the table on the terminal, of `effect.json` and of `--json`. */
export interface EditSummary {
  readonly command: "ablate" | "insert";
  readonly model: string;
  readonly segmenter: string;
  readonly layer: string;
  readonly units: readonly number[];
  /** Whose units they are, and what ranked them. */
  readonly concept?: string;
  readonly metric?: string;
  readonly alpha: number | readonly number[];
  readonly value: number | readonly number[];
  readonly size: number;
  /** Of the images' z, or the file that they were given by. */
  readonly seed?: number;
  readonly latents?: string;
  /** Edge of the images, on whose pixels everything is counted: the longer one. */
  readonly resolution: number;
  /** Of images that are not square. */
  readonly height?: number;
  readonly width?: number;
  /** Every concept that the segmenter knows, with its pixels over all images. */
  readonly concepts: readonly ConceptChange[];
}

export interface ConceptChange {
  readonly concept: string;
  readonly category: string;
  readonly before: number;
  readonly after: number;
}

export function editSummary(
  command: EditSummary["command"],
  labels: readonly Label[],
  before: readonly number[],
  after: readonly number[],
  facts: Omit<EditSummary, "command" | "concepts">,
): EditSummary {
  const names = displayNames(labels);
  const concepts = labels.map(({ category }, label) => ({
    concept: names[label]!,
    category,
    before: before[label]!,
    after: after[label]!,
  }));
  return { command, ...facts, concepts: concepts.slice(1) };
}

/** The concepts there are, those first of which the largest part came or went. */
export function editTable({ concepts, layer, units, size, ...image }: EditSummary): string {
  const { resolution, height = resolution, width = resolution } = image;
  const share = ({ before, after }: ConceptChange): number => Math.abs(after - before) / Math.max(before, 1);
  const area = (pixels: number): string => `${((100 * pixels) / (size * height * width)).toFixed(2)} %`;
  const change = ({ before, after }: ConceptChange): string =>
    before === 0 ? "new" : `${after >= before ? "+" : "−"}${((100 * Math.abs(after - before)) / before).toFixed(1)} %`;
  const rows = concepts
    .filter(({ before, after }) => before + after > 0)
    .sort((a, b) => share(b) - share(a))
    .map((one) => [one.concept, area(one.before), area(one.after), change(one)]);
  const shown = units.length > 20 ? `${units.slice(0, 20).join(", ")} …` : units.join(", ");
  const title = `${layer}, ${units.length === 1 ? "unit" : `${units.length} units`} ${shown}: areas in ${size === 1 ? "1 image" : `${size} images`}\n`;
  return `${title}${columns([["concept", "before", "after", "change"], ...rows], ["", "right", "right", "right"])}\n`;
}
