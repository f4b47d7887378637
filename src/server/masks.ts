import type { Mask } from "../models/mask.ts";
import type { Image } from "../report/image.ts";
import { type Fields, fieldsOf, listOf, textOf, wholeOf } from "./fields.ts";
import type { Limits } from "./limits.ts";
import { badRequest } from "./refused.ts";

/** What reads the pictures in requests; the browser and Node each have their own. */
export interface ImageDecoder {
  /**
   * A PNG's samples in 8 bits, not multiplied by alpha: RGBA where it has alpha, RGB or grey
   * otherwise. @throws for a damaged one
   */
  png(bytes: Uint8Array): Promise<Image> | Image;
}

/** Where a client says that something is, 1 there and 0 elsewhere. */
export interface ClientMask extends Mask {
  readonly data: Uint8Array;
}

type Extent = readonly [height: number, width: number];

/** Of bits without a shape. */
const DEFAULT_SHAPE: Extent = [256, 256];
const PNG = "image/png;base64,";
const SIGNATURE = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];

/** Reads the masks of one request, and counts their pixels. */
export class MaskReader {
  readonly #decoder: ImageDecoder;
  readonly #limits: Limits;
  #pixels = 0;

  constructor(decoder: ImageDecoder, limits: Limits) {
    this.#decoder = decoder;
    this.#limits = limits;
  }

  /**
   * The mask {bitstring, shape?, bitbounds?}: digits, row by row within the bounds [y0, x0, y1, x1]
   * (one digit for all of them), or a PNG's base64, of which counts what is not transparent or,
   * without alpha, what is not at full red. As `mask_to_numpy` of gandissect, which takes empty
   * lists for absent, too.
   * @throws Refused 400.
   */
  async read(given: unknown, what: string): Promise<ClientMask> {
    const mask = fieldsOf(given, what);
    const bits = textOf(mask["bitstring"], `${what}.bitstring`);
    const png = bits.indexOf(PNG);
    const picture = png < 0 ? undefined : await this.#picture(bits.slice(png + PNG.length), what);
    const shape = this.#shape(mask, what) ?? (picture ? ([picture.height, picture.width] as const) : DEFAULT_SHAPE);
    const [top, left, bottom, right] = boundsOf(mask, what, shape);
    const [rows, columns] = [bottom - top, right - left];
    const isOn = picture ? onIn(picture, what, [rows, columns]) : onAt(bits, what, [rows, columns]);
    const [height, width] = shape;
    this.#count(height * width, what);
    const data = new Uint8Array(height * width);
    for (let row = 0; row < rows; row += 1) {
      for (let column = 0; column < columns; column += 1) {
        data[(top + row) * width + left + column] = Number(isOn(row, column));
      }
    }
    return { height, width, data };
  }

  #shape(mask: Fields, what: string): Extent | undefined {
    const given = mask["shape"];
    if (isAbsent(given)) return undefined;
    const shape = listOf(given, `${what}.shape`, 2);
    const edge = (i: number): number => wholeOf(shape[i], `${what}.shape[${i}]`, 1, this.#limits.maskEdge);
    return [edge(0), edge(1)];
  }

  /** @throws Refused before anything is decoded of a picture that is too large */
  async #picture(base64: string, what: string): Promise<Image> {
    const bytes = fromBase64(base64, what);
    const view = new DataView(bytes.buffer);
    const isPng = bytes.length > 32 && SIGNATURE.every((byte, i) => bytes[i] === byte);
    if (!isPng) throw badRequest(`${what}.bitstring is no PNG.`, "Send a PNG's base64.");
    const [width, height] = [view.getUint32(16), view.getUint32(20)];
    const most = this.#limits.maskEdge;
    if (width < 1 || height < 1 || width > most || height > most) {
      throw badRequest(`${what} is a PNG of ${width}×${height} pixels.`, `Send one of up to ${most}×${most}.`);
    }
    this.#count(width * height, what);
    try {
      return await this.#decoder.png(bytes);
    } catch {
      throw badRequest(`${what}.bitstring is a damaged PNG.`, "Send a whole PNG's base64.");
    }
  }

  #count(pixels: number, what: string): void {
    this.#pixels += pixels;
    const most = this.#limits.maskPixels;
    if (this.#pixels <= most) return;
    throw badRequest(`With ${what} the masks have more than ${most} pixels.`, "Send fewer or smaller masks.");
  }
}

const isAbsent = (value: unknown): boolean =>
  value === undefined || value === null || (Array.isArray(value) && value.length === 0);

function boundsOf(mask: Fields, what: string, [height, width]: Extent): readonly [number, number, number, number] {
  const given = mask["bitbounds"];
  if (isAbsent(given)) return [0, 0, height, width];
  const bounds = listOf(given, `${what}.bitbounds`, 4);
  const bound = (i: number, least: number, most: number): number =>
    wholeOf(bounds[i], `${what}.bitbounds[${i}]`, least, most);
  const [top, left] = [bound(0, 0, height - 1), bound(1, 0, width - 1)];
  return [top, left, bound(2, top + 1, height), bound(3, left + 1, width)];
}

type IsOn = (row: number, column: number) => boolean;

function onAt(bits: string, what: string, [rows, columns]: Extent): IsOn {
  if (!/^[01]+$/.test(bits)) throw badRequest(`${what}.bitstring is no bits.`, "Send 0s and 1s, or a PNG's base64.");
  if (bits.length === 1) return () => bits === "1";
  if (bits.length === rows * columns) return (row, column) => bits[row * columns + column] === "1";
  throw badRequest(
    `${what}.bitstring has ${bits.length} bits for ${rows}×${columns} pixels.`,
    "Send one for each pixel, row by row, or one for all.",
  );
}

function onIn({ height, width, channels, data }: Image, what: string, [rows, columns]: Extent): IsOn {
  if (height !== rows || width !== columns) {
    throw badRequest(
      `${what} is a PNG of ${width}×${height} pixels, and its bounds have ${columns}×${rows}.`,
      "Leave shape and bitbounds out, or give those of the PNG.",
    );
  }
  const at: IsOn =
    channels === 4
      ? (row, column) => data[(row * width + column) * 4 + 3]! > 0
      : (row, column) => data[(row * width + column) * channels]! < 255;
  return at;
}

function fromBase64(text: string, what: string): Uint8Array {
  try {
    return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  } catch {
    throw badRequest(`${what}.bitstring is no base64.`, "Send a PNG's base64, without anything behind it.");
  }
}
