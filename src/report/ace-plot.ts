import type { AceSnapshot } from "../causality/ace-train.ts";
import { escapeXml } from "./bargraph.ts";

const WIDTH = 480;
const HEIGHT = 260;
const [LEFT, RIGHT, TOP, BOTTOM] = [64, 16, 34, 44];
const FONT = "font-family:sans-serif;font-size:12px";

/** The loss of the pairs kept for evaluation after each epoch, as gandissect's acesummarize draws it. */
export function aceLossSvg(concept: string, snapshots: readonly AceSnapshot[]): string {
  const losses = snapshots.map(({ epoch, evaluation }) => ({ epoch, loss: evaluation.loss }));
  const values = losses.map(({ loss }) => loss);
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const span = high - low || 1;
  const last = Math.max(1, losses.length - 1);
  const x = (index: number): string => (LEFT + ((WIDTH - LEFT - RIGHT) * index) / last).toFixed(1);
  const y = (loss: number): string => (TOP + ((HEIGHT - TOP - BOTTOM) * (high - loss)) / span).toFixed(1);
  const text = (at: string | number, down: string | number, what: string, anchor: string): string =>
    `<text x="${at}" y="${down}" text-anchor="${anchor}" style="${FONT}">${escapeXml(what)}</text>`;
  const parts = [
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="#fff"/>`,
    text(WIDTH / 2, 20, `Loss of ${concept} on pairs not learned from`, "middle"),
    ...[low, low + span / 2, low + span].map(
      (loss) =>
        `<path d="M${LEFT} ${y(loss)}H${WIDTH - RIGHT}" stroke="#ddd"/>${text(LEFT - 6, Number(y(loss)) + 4, loss.toFixed(3), "end")}`,
    ),
    ...losses.map(({ epoch }, index) =>
      text(x(index), HEIGHT - BOTTOM + 18, epoch < 0 ? "IoU" : String(epoch + 1), "middle"),
    ),
    text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 8, "epoch", "middle"),
    `<path d="M${losses.map(({ loss }, index) => `${x(index)} ${y(loss)}`).join("L")}" fill="none" stroke="#2166ac" stroke-width="2"/>`,
  ];
  return `<svg xmlns="http://www.w3.org/2000/svg" version="1.1" width="${WIDTH}" height="${HEIGHT}" viewBox="0 0 ${WIDTH} ${HEIGHT}">${parts.join("")}</svg>\n`;
}
