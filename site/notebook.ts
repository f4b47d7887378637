// What the notebook's cells find there, as the page's do: the first cell of examples/tutorial.ipynb, for `deno jupyter`.

// Tests: test/site/notebook.test.ts

import { createRequire } from "node:module";
import type { Source } from "../src/index.ts";
import { fileSource, nodeEncoder } from "../src/node/index.ts";
import { colorOf, type Picture, shownOf, textOf } from "./shown.ts";

interface Runtime {
  cwd(): string;
  readonly jupyter: {
    /** Sends what is shown, by its media types. */
    display(data: Readonly<Record<string, unknown>>, options: { readonly raw: true }): Promise<void>;
  };
}
declare const Deno: Runtime;

/** Pixels between pictures, and how wide a small one is shown at least. */
const [GAP, LEAST] = [4, 96];

/** A file of the model that comes along with the package. (Cells have no `import.meta`.) */
export const file = (name: string): Promise<Source> =>
  fileSource(createRequire(`${Deno.cwd()}/tutorial.ipynb`).resolve(`ganatomy/weights/scenes64/${name}`));

/** Shows pictures, tensors of images, streams of both, drawings (SVG), rows of a table, and text. */
export async function display(...things: unknown[]): Promise<void> {
  for (const thing of things) {
    const shown = await shownOf(thing);
    const show = (data: Readonly<Record<string, unknown>>): Promise<void> => Deno.jupyter.display(data, { raw: true });
    if (shown.kind === "text") await show({ "text/plain": shown.text });
    else if (shown.kind === "svg") await show({ "image/svg+xml": shown.svg });
    else if (shown.kind === "table") await show({ "text/html": tableOf(shown.columns, shown.rows) });
    else await show({ "image/png": await sheetOf(shown.pictures) });
  }
}

/** Pictures beside each other as a PNG, in base64. */
async function sheetOf(pictures: readonly Picture[]): Promise<string> {
  const scale = Math.ceil(LEAST / Math.max(...pictures.map(({ width }) => width)));
  const height = scale * Math.max(...pictures.map((picture) => picture.height));
  const width = pictures.reduce((sum, picture) => sum + scale * picture.width + GAP, -GAP);
  const data = new Uint8Array(4 * width * height);
  let left = 0;
  for (const picture of pictures) {
    for (let y = 0; y < scale * picture.height; y += 1) {
      for (let x = 0; x < scale * picture.width; x += 1) {
        const from = 4 * (Math.floor(y / scale) * picture.width + Math.floor(x / scale));
        data.set(picture.rgba.subarray(from, from + 4), 4 * (y * width + left + x));
      }
    }
    left += scale * picture.width + GAP;
  }
  const png = await nodeEncoder().png({ width, height, channels: 4, data });
  let bytes = "";
  for (const byte of png) bytes += String.fromCharCode(byte);
  return btoa(bytes);
}

function tableOf(columns: readonly string[], rows: readonly (readonly unknown[])[]): string {
  const escaped = (text: string): string => text.replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`);
  const cell = (value: unknown): string => {
    const color = colorOf(value);
    return color ? `<td style="background: ${color}"></td>` : `<td>${escaped(textOf(value))}</td>`;
  };
  const head = columns.map((name) => `<th>${escaped(name)}</th>`).join("");
  const body = rows.map((row) => `<tr>${row.map(cell).join("")}</tr>`).join("");
  return `<table>${head && `<tr>${head}</tr>`}${body}</table>`;
}
