// What cells of the tutorial display, sorted into what a page and a notebook can show.

// Tests: test/site/shown.test.ts

/** RGBA or RGB bytes, row by row. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly rgba: Uint8ClampedArray<ArrayBuffer>;
}

export type Shown =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "svg"; readonly svg: string }
  | { readonly kind: "pictures"; readonly pictures: readonly Picture[] }
  | { readonly kind: "table"; readonly columns: readonly string[]; readonly rows: readonly (readonly unknown[])[] };

/** Images of a run on the GPU: [n, h, w, 3 or more] in [−1, 1]. */
interface Images {
  readonly shape: readonly number[];
  read(): Promise<ArrayLike<number>>;
}

/** Sorts what is displayed: pictures, tensors of images, and streams of both; SVG; rows of a table; text. */
export async function shownOf(thing: unknown): Promise<Shown> {
  if (typeof thing === "string" && thing.startsWith("<svg")) return { kind: "svg", svg: thing };
  if (typeof thing !== "object" || thing === null) return { kind: "text", text: textOf(thing) };
  if (Symbol.asyncIterator in thing) {
    const all: unknown[] = [];
    for await (const one of thing as AsyncIterable<unknown>) all.push(one);
    return shownOf(all);
  }
  if (isImages(thing)) return { kind: "pictures", pictures: await picturesOf(thing) };
  const list = Array.isArray(thing) ? thing : ArrayBuffer.isView(thing) ? [...(thing as Uint8Array)] : [thing];
  if (list.length > 0 && list.every(isPicture)) return { kind: "pictures", pictures: list.map(opaque) };
  if (list.length > 0 && list.every(Array.isArray)) return { kind: "table", columns: [], rows: list };
  if (list.length > 0 && list.every((row) => typeof row === "object" && row !== null)) {
    const columns = [...new Set(list.flatMap(Object.keys))];
    return { kind: "table", columns, rows: list.map((row) => columns.map((column) => row[column])) };
  }
  return { kind: "text", text: list.map(textOf).join(", ") };
}

/** A number in a cell of a table, or something else. */
export function textOf(value: unknown): string {
  if (typeof value === "number") return Number.isInteger(value) ? String(value) : value.toPrecision(3);
  if (value === undefined) return "";
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

/** "rgb(…)" of three bytes, which tables show as a colour. */
export function colorOf(value: unknown): string | undefined {
  const isColor =
    Array.isArray(value) &&
    value.length === 3 &&
    value.every((byte) => Number.isInteger(byte) && byte >= 0 && byte < 256);
  return isColor ? `rgb(${value.join(", ")})` : undefined;
}

const isImages = (thing: object): thing is Images =>
  "read" in thing && "shape" in thing && Array.isArray(thing.shape) && thing.shape.length === 4;

type Bytes = { readonly rgba: Picture["rgba"] } | { readonly rgb: Uint8Array };

const isPicture = (thing: unknown): thing is Pick<Picture, "width" | "height"> & Bytes =>
  typeof thing === "object" &&
  thing !== null &&
  "width" in thing &&
  "height" in thing &&
  ("rgba" in thing || "rgb" in thing);

function opaque({ width, height, ...bytes }: Pick<Picture, "width" | "height"> & Bytes): Picture {
  if ("rgba" in bytes) return { width, height, rgba: bytes.rgba };
  return { width, height, rgba: rgbaOf(width * height, 3, (at) => bytes.rgb[at]!) };
}

async function picturesOf(images: Images): Promise<Picture[]> {
  const [n = 0, height = 0, width = 0, channels = 0] = images.shape;
  const values = await images.read();
  const length = height * width * channels;
  return Array.from({ length: n }, (_, image) => {
    const byte = (at: number): number => (values[image * length + at]! + 1) * 127.5;
    return { width, height, rgba: rgbaOf(height * width, channels, byte) };
  });
}

function rgbaOf(pixels: number, channels: number, byte: (at: number) => number): Picture["rgba"] {
  const rgba = new Uint8ClampedArray(4 * pixels).fill(255);
  for (let pixel = 0; pixel < pixels; pixel += 1) {
    for (let channel = 0; channel < 3; channel += 1) rgba[4 * pixel + channel] = byte(channels * pixel + channel);
  }
  return rgba;
}
