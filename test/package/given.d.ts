/** What the guides' snippets do not make themselves: earlier snippets, or the reader's page, do. */
import type { Device, Generator, Segmenter } from "ganatomy";

declare global {
  const device: Device;
  const generator: Generator;
  const segmenter: Segmenter;
  const canvas: HTMLCanvasElement;
}
