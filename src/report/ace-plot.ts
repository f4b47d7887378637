import type { AceSnapshot } from "../causality/ace-train.ts";
import { drawing, polyline, round, signed, text, textWidth, ticks, widthFor } from "./svg.ts";

const WIDTH = 480;
const HEIGHT = 260;
const [LEFT, RIGHT, TOP, BOTTOM] = [64, 16, 34, 44];

/**
 * The loss of the pairs kept for evaluation after each epoch, as gandissect's acesummarize draws
 * it.
 */
export function aceLossSvg(concept: string, snapshots: readonly AceSnapshot[]): string {
  const losses = snapshots.map(({ epoch, evaluation }) => ({ epoch, loss: evaluation.loss }));
  const values = losses.map(({ loss }) => loss);
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const levels = high > low ? [low, (low + high) / 2, high] : values.slice(0, 1);
  const left = Math.max(LEFT, ...levels.map((loss) => 14 + textWidth(signed(loss, 3))));
  const title = `Loss of ${concept} on pairs not learned from`;
  const width = widthFor(title, WIDTH);
  const last = Math.max(1, losses.length - 1);
  const x = (index: number): number => left + ((width - left - RIGHT) * index) / last;
  // What stays the same is drawn in the middle.
  const y = (loss: number): number =>
    TOP + (HEIGHT - TOP - BOTTOM) * (high > low ? (high - loss) / (high - low) : 1 / 2);
  return drawing(width, HEIGHT, title, [
    ...levels.map((loss) => {
      const at = y(loss);
      return `<path d="M${round(left)} ${round(at)}H${width - RIGHT}" stroke="#ddd"/>${text(left - 6, at + 4, signed(loss, 3), "end")}`;
    }),
    ...ticks(0, losses.length - 1, [1, 2, 5, 10], 16).map((index) => {
      const { epoch } = losses[index]!;
      return text(x(index), HEIGHT - BOTTOM + 18, epoch < 0 ? "IoU" : String(epoch + 1), "middle");
    }),
    text((left + width - RIGHT) / 2, HEIGHT - 8, "epoch", "middle"),
    polyline(
      losses.map(({ loss }, index) => [x(index), y(loss)]),
      "#2166ac",
    ),
  ]);
}
