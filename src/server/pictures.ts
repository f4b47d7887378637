import type { Edit } from "../models/edits.ts";
import { scaled } from "../report/extents.ts";
import { type Image, type ImageEncoder, resizeRgb } from "../report/image.ts";
import { Recent } from "../runtime/recent.ts";
import type { Limits } from "./limits.ts";
import type { ServedProject } from "./project.ts";
import type { Rendered } from "./renderer.ts";

// Tests: test/server/handler.test.ts

/** As the published server's. */
const JPEG_QUALITY = 99;
/** Of pictures without edits. */
const KEPT = { entries: 4096, bytes: 64 * 2 ** 20 };
const PER_FOLDER = 1000;

/** JPEGs of images, some of them kept. */
export class Pictures {
  readonly #encoder: ImageEncoder;
  /** Without edits, by project and id. */
  readonly #plain = new Recent<Uint8Array>(KEPT);
  /** With edits, by their paths. */
  readonly #edited: Recent<Uint8Array>;
  #count = 0;

  constructor(encoder: ImageEncoder, limits: Limits) {
    this.#encoder = encoder;
    this.#edited = new Recent({ entries: limits.pictures });
  }

  /** Of images of the seed, without edits; each is made once, while there is room. */
  async plain(project: ServedProject, ids: readonly number[], signal?: AbortSignal): Promise<Uint8Array[]> {
    const key = (id: number): string => `${project.name}/${id}`;
    const made = new Map(ids.map((id) => [id, this.#plain.get(key(id))]));
    const missing = [...made].filter(([, picture]) => !picture).map(([id]) => id);
    if (missing.length > 0) {
      const jpegs = await this.#jpegs(project, project.renderer.rowsOf(missing), [], signal);
      jpegs.forEach((jpeg, i) => {
        made.set(missing[i]!, jpeg);
        this.#plain.set(key(missing[i]!), jpeg, jpeg.length);
      });
    }
    return ids.map((id) => made.get(id)!);
  }

  /** Of these rows with edits. */
  edited(
    project: ServedProject,
    rows: Float32Array,
    edits: readonly Edit[],
    signal?: AbortSignal,
  ): Promise<Uint8Array[]> {
    return this.#jpegs(project, rows, edits, signal);
  }

  /** Keeps a picture for a while; what is returned is its path in the project. */
  keep(project: ServedProject, jpeg: Uint8Array): string {
    const folder = `${Math.floor(this.#count / PER_FOLDER) % PER_FOLDER}`.padStart(3, "0");
    const path = `cache/img/uniq/${folder}/${this.#count % PER_FOLDER}.jpg`;
    this.#count += 1;
    this.#edited.set(`${project.name}/${path}`, jpeg);
    return path;
  }

  /** A picture that was kept, if it still is. */
  kept(project: ServedProject, path: string): Uint8Array | undefined {
    return this.#edited.get(`${project.name}/${path}`);
  }

  async #jpegs(
    { renderer, imageSize }: ServedProject,
    rows: Float32Array,
    edits: readonly Edit[],
    signal: AbortSignal | undefined,
  ): Promise<Uint8Array[]> {
    const jpegs: Uint8Array[] = [];
    for (const image of await renderer.images(rows, { edits, ...(signal && { signal }) })) {
      signal?.throwIfAborted();
      jpegs.push(await this.#encoder.jpeg(sized(image, imageSize), JPEG_QUALITY));
    }
    return jpegs;
  }
}

/**
 * A picture whose longer edge has so many pixels: they are repeated where it grows, so that clients
 * see what the generator made, and averaged where it shrinks.
 */
export function sized({ height, width, rgb }: Rendered, longer: number): Image {
  const [rows, columns] = scaled([height, width], longer);
  const grows = rows >= height && columns >= width;
  const data = grows
    ? repeated(rgb, [height, width], [rows, columns])
    : resizeRgb(rgb, [height, width], [rows, columns]);
  return { height: rows, width: columns, channels: 3, data };
}

function repeated(
  rgb: Uint8Array,
  [height, width]: readonly [number, number],
  [rows, columns]: readonly [number, number],
): Uint8Array {
  if (rows === height && columns === width) return rgb;
  const data = new Uint8Array(rows * columns * 3);
  for (let y = 0; y < rows; y += 1) {
    const line = Math.floor(((y + 0.5) * height) / rows) * width;
    for (let x = 0; x < columns; x += 1) {
      const from = 3 * (line + Math.floor(((x + 0.5) * width) / columns));
      data.set(rgb.subarray(from, from + 3), 3 * (y * columns + x));
    }
  }
  return data;
}

/** Characters that are made of bytes at a time: more are too many arguments. */
const CHUNK = 0x8000;

/** A picture as an address that holds it. */
export const dataUrl = (jpeg: Uint8Array): string => `data:image/jpeg;base64,${base64(jpeg)}`;

export function base64(bytes: Uint8Array | Uint8ClampedArray): string {
  let text = "";
  for (let at = 0; at < bytes.length; at += CHUNK) text += String.fromCharCode(...bytes.subarray(at, at + CHUNK));
  return btoa(text);
}

/** What a picture's bytes are known by (FNV-1a). */
export function etagOf(bytes: Uint8Array): string {
  let hash = 0x811c9dc5;
  for (const byte of bytes) hash = Math.imul(hash ^ byte, 0x01000193);
  return `"${bytes.length.toString(36)}-${(hash >>> 0).toString(36)}"`;
}
