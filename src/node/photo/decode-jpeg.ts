/// <reference path="./codec-libjpeg-turbo-8bit.d.ts" />
import { readOrientation, upright } from "../../report/exif.ts";
import { PhotoFault } from "../../report/photo-fault.ts";
import { ranOut } from "../host-memory.ts";
import type { Photo } from "./photo.ts";

export interface JpegHeader {
  readonly width: number;
  readonly height: number;
  /** How the camera was held, 1 to 8 as in EXIF; 1 is upright. */
  readonly orientation: number;
  /** Blocks of 8 × 8 samples, over all channels. */
  readonly blocks: number;
  /** Whether the samples are RGB as they stand; they are mostly YCbCr. */
  readonly rgb: boolean;
}

/** What jpeg-js may hold: four full channels of 100 megapixels need 2.8 GB. */
const MAX_MEMORY_MB = 4096;
/**
 * Progressive files have about ten scans; each costs as much as a whole picture, however short it
 * is.
 */
const MAX_SCANS = 100;

/**
 * Walks all segments up to the end mark, which finds out before anything is decoded whether the
 * file is whole and how large the picture is.
 * @throws PhotoFault
 */
export function readJpegHeader(bytes: Uint8Array): JpegHeader {
  let frame: Frame | undefined;
  let orientation: number | undefined;
  let jfif = false;
  let transform: number | undefined; // Adobe's word on what the samples are
  let scans = 0;
  for (const { marker, segment } of segmentsOf(bytes)) {
    if (marker === 0xda) {
      scans += 1;
      if (!frame) throw new PhotoFault("has pixels before it says how many");
      if (scans > MAX_SCANS) throw new PhotoFault(`has more than ${MAX_SCANS} scans`);
    } else if (isFrame(marker)) {
      if (frame) throw new PhotoFault("holds more than one picture");
      frame = readFrame(marker, segment);
    } else if (marker === 0xe0) jfif ||= startsWith(segment, "JFIF\0");
    else if (marker === 0xe1 && startsWith(segment, "Exif\0\0")) orientation ??= readOrientation(segment.subarray(6));
    else if (marker === 0xee && startsWith(segment, "Adobe") && segment.length >= 12) transform = segment[11];
  }
  if (!frame || scans === 0) throw new PhotoFault("holds no picture");
  // As libjpeg decides.
  const rgb = frame.ids.length === 3 && !jfif && (transform === undefined ? frame.ids === "RGB" : transform === 0);
  const { width, height, blocks } = frame;
  return { width, height, blocks, orientation: orientation ?? 1, rgb };
}

/**
 * How large the picture is, if a file's first bytes tell: profiles and previews may stand before.
 * @throws PhotoFault as `readJpegHeader`.
 */
export function readJpegSize(head: Uint8Array): Pick<JpegHeader, "width" | "height"> | undefined {
  try {
    for (const { marker, segment } of segmentsOf(head)) if (isFrame(marker)) return readFrame(marker, segment);
  } catch (cause) {
    if (!(cause instanceof PhotoFault && cause.truncated)) throw cause;
  }
  return undefined;
}

/** The segments up to the end mark. @throws PhotoFault */
function* segmentsOf(bytes: Uint8Array): Generator<{ readonly marker: number; readonly segment: Uint8Array }> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 2; ; ) {
    at = nextMarker(bytes, at);
    const marker = bytes[at - 1]!;
    if (marker === 0xd9) return;
    if (marker === 0x01 || (marker >= 0xd0 && marker <= 0xd7)) continue; // these stand alone
    const length = at + 2 > bytes.length ? 2 : view.getUint16(at);
    if (length < 2) throw new PhotoFault("has a damaged segment");
    const end = at + length;
    if (end > bytes.length) throw new PhotoFault("ends within its header", true);
    yield { marker, segment: bytes.subarray(at + 2, end) };
    at = end;
  }
}

/** Whether a marker starts a frame; tables and what is reserved lie between them. */
const isFrame = (marker: number): boolean =>
  marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc;

/**
 * Where the marker after `at` ends; compressed pixels are passed over, in which 0xff is followed by
 * zero.
 */
function nextMarker(bytes: Uint8Array, at: number): number {
  for (let from = at; ; ) {
    const found = bytes.indexOf(0xff, from);
    if (found < 0 || found + 1 >= bytes.length) throw new PhotoFault("ends before its end mark", true);
    const next = bytes[found + 1]!;
    if (next !== 0 && next !== 0xff) return found + 2;
    from = found + 1;
  }
}

interface Frame {
  readonly width: number;
  readonly height: number;
  /** The channels' names, a character each. */
  readonly ids: string;
  /** Blocks of 8 × 8 samples, over all channels. */
  readonly blocks: number;
}

/**
 * A start of frame.
 * @throws PhotoFault for what decoders would misread or refuse without a word to understand.
 */
function readFrame(marker: number, segment: Uint8Array): Frame {
  const [precision = 0, h1 = 0, h0 = 0, w1 = 0, w0 = 0, count = 0] = segment;
  if (segment.length < 6 + 3 * count) throw new PhotoFault("has a damaged segment");
  if (marker > 0xc2) throw new PhotoFault("is lossless, hierarchical or arithmetically coded, which is not decoded");
  if (precision !== 8) throw new PhotoFault(`has samples of ${precision} bits, which are not decoded`);
  if (count !== 1 && count !== 3 && count !== 4) throw new PhotoFault(`has ${count} channels, which are not decoded`);
  const [width, height] = [w1 * 256 + w0, h1 * 256 + h0];
  const channels = Array.from({ length: count }, (_, i) => {
    const [id = 0, sampling = 0] = segment.subarray(6 + 3 * i);
    return { id, across: sampling >> 4, down: sampling & 15 };
  });
  if (channels.some(({ across, down }) => across < 1 || across > 4 || down < 1 || down > 4)) {
    throw new PhotoFault("has a header that makes no sense");
  }
  const across = Math.max(...channels.map((channel) => channel.across));
  const down = Math.max(...channels.map((channel) => channel.down));
  const blocks = channels.reduce(
    (sum, channel) =>
      sum + Math.ceil((width * channel.across) / across / 8) * Math.ceil((height * channel.down) / down / 8),
    0,
  );
  const ids = String.fromCharCode(...channels.map(({ id }) => id));
  return { width, height, ids, blocks };
}

const startsWith = (bytes: Uint8Array, text: string): boolean =>
  Buffer.from(bytes.subarray(0, text.length)).toString("latin1") === text;

/**
 * The upright RGB pixels of a JPEG whose header was found acceptable, to the bit what libjpeg-turbo
 * makes of it, as browsers and Python's readers do; colour profiles are ignored. What its interface
 * refuses (four channels, unusual sampling, and whatever it warns of) is decoded by jpeg-js.
 * @throws PhotoFault; RangeError where memory runs out.
 */
export async function decodeJpeg(bytes: Uint8Array, header: JpegHeader): Promise<Photo> {
  // Every block takes a bit at the least: what is shorter was made to fill the memory.
  if (bytes.length * 8 < header.blocks) throw new PhotoFault("holds fewer pixels than its size says", true);
  const { width, height, orientation } = header;
  const rgb = (await byLibjpeg(bytes)) ?? (await byJpegJs(bytes, header));
  const turned = upright({ width, height, channels: 3, data: rgb }, orientation);
  return { width: turned.width, height: turned.height, rgb: turned.data };
}

type Codec = Awaited<ReturnType<typeof import("@cornerstonejs/codec-libjpeg-turbo-8bit/decodewasmjs").default>>;
let codec: Codec | undefined;
/**
 * Memory of WebAssembly grows and never shrinks: beyond these bytes the next photo has a new one.
 */
const KEEP_HEAP = 128e6;

/** RGB bytes; undefined where libjpeg-turbo has anything to say about the file. */
async function byLibjpeg(bytes: Uint8Array): Promise<Uint8Array | undefined> {
  codec ??= await (await import("@cornerstonejs/codec-libjpeg-turbo-8bit/decodewasmjs")).default();
  const decoder = new codec.JPEGDecoder();
  let isSound = true;
  try {
    decoder.getEncodedBuffer(bytes.length).set(bytes);
    decoder.decode();
    const samples = decoder.getDecodedBuffer();
    if (decoder.getFrameInfo().componentCount === 3) return new Uint8Array(samples.buffer);
    const rgb = new Uint8Array(3 * samples.length);
    for (let at = 0; at < rgb.length; at += 1) rgb[at] = samples[Math.floor(at / 3)]!;
    return rgb;
  } catch (thrown) {
    // Mostly the number of an exception in the codec, of which no more can be learnt; else its
    // memory ran out, or it gave up, and it is not to be asked again.
    isSound = typeof thrown === "number";
    return undefined;
  } finally {
    if (isSound) decoder.delete();
    if (!isSound || codec.HEAPU8.length > KEEP_HEAP) codec = undefined;
  }
}

/** @throws PhotoFault */
async function byJpegJs(bytes: Uint8Array, { rgb }: JpegHeader): Promise<Uint8Array> {
  const { default: jpeg } = await import("jpeg-js");
  try {
    const { data } = jpeg.decode(bytes, {
      useTArray: true,
      formatAsRGBA: false,
      maxResolutionInMP: Number.POSITIVE_INFINITY, // the caller has looked
      maxMemoryUsageInMB: MAX_MEMORY_MB,
      ...(rgb && { colorTransform: false }),
    });
    return data;
  } catch (cause) {
    if (ranOut(cause)) throw cause;
    // Tables and channels that are named but not there come as TypeErrors.
    const reason = cause instanceof TypeError ? "it lacks parts that it refers to" : (cause as Error).message;
    throw new PhotoFault(`cannot be decoded (${reason})`, false, { cause });
  }
}
