import { WeightsError } from "../../errors.ts";
import { readExactly, viewOf } from "../../weights/bytes.ts";
import type { ReadOptions, Source } from "../../weights/source.ts";

// Tests: test/networks/onnx/read.test.ts

/** A range of a file's bytes. */
export interface Range {
  readonly start: number;
  readonly end: number;
}

/**
 * One field of a message: its number, and either a value or where its bytes are. Fixed widths are
 * floats: ONNX has no others.
 */
export interface Field extends Range {
  readonly number: number;
  readonly kind: "varint" | "bytes" | "float" | "double";
  /** Of a varint (64 bits, signed), a float or a double; 0 of bytes. */
  readonly value: number;
}

/** Bytes that are read at once while fields are walked; longer fields are stepped over. */
const WINDOW = 2 ** 16;
/**
 * Fields in any file, which twenty thousand nodes have, and bytes for each beyond them. A tensor's
 * numbers are one.
 */
const [GRANTED_FIELDS, BYTES_A_FIELD] = [2 ** 19, 16];
/** Bytes of a text or of an attribute's numbers. Tensors are not read through here. */
const MAX_BYTES = 2 ** 18;
/**
 * A tag and a length or value take up to ten bytes each (protobuf.dev/programming-guides/encoding).
 */
const MAX_HEAD = 20;
const KINDS = { 0: "varint", 1: "double", 2: "bytes", 5: "float" } as const;

/** Walks the messages of a protobuf file without holding it. */
export class Protobuf {
  readonly source: Source;
  readonly #options: ReadOptions;
  #window: Uint8Array = new Uint8Array(0);
  #from = 0;
  #fields = 0;
  readonly #most: number;

  constructor(source: Source, options: ReadOptions = {}) {
    this.source = source;
    this.#most = GRANTED_FIELDS + Math.floor(source.size / BYTES_A_FIELD);
    this.#options = options;
  }

  damaged(detail: string): WeightsError {
    return new WeightsError(
      "weights-format",
      `${this.source.name} is no ONNX model, or is damaged: ${detail}.`,
      "Export it again, or copy the file again.",
    );
  }

  /** The fields of a message, in the order of the file. */
  async *fields({ start, end }: Range): AsyncGenerator<Field> {
    for (let at = start; at < end; ) {
      this.#fields += 1;
      if (this.#fields > this.#most) throw this.damaged(`it has more than ${this.#most} fields in so many bytes`);
      const needed = Math.min(end, at + MAX_HEAD);
      if (at < this.#from || needed > this.#from + this.#window.length) {
        this.#from = at;
        this.#window = await readExactly(this.source, at, Math.min(this.source.size, at + WINDOW), this.#options);
      }
      const field = this.#field(at, end);
      at = field.end;
      yield field;
    }
  }

  #field(at: number, end: number): Field {
    const tag = varint(this.#window, at - this.#from, end - this.#from);
    if (!tag) throw this.damaged(`the field at byte ${at} is cut off`);
    const kind = KINDS[(tag.value & 7) as keyof typeof KINDS];
    const number = Math.floor(tag.value / 8);
    if (!kind || number < 1) throw this.damaged(`byte ${at} begins no field`);
    const start = this.#from + tag.end;
    if (kind === "varint" || kind === "bytes") {
      const head = varint(this.#window, tag.end, end - this.#from);
      if (!head) throw this.damaged(`the field at byte ${at} is cut off`);
      const after = this.#from + head.end;
      if (kind === "varint") return { number, kind, value: head.value, start, end: after };
      if (head.value < 0 || head.value > end - after) {
        throw this.damaged(`the field at byte ${at} has ${head.value} bytes where ${end - after} are left`);
      }
      return { number, kind, value: 0, start: after, end: after + head.value };
    }
    const width = kind === "float" ? 4 : 8;
    if (start + width > end) throw this.damaged(`the field at byte ${at} is cut off`);
    const view = viewOf(this.#window);
    const value = kind === "float" ? view.getFloat32(tag.end, true) : view.getFloat64(tag.end, true);
    return { number, kind, value, start, end: start + width };
  }

  async #bytes({ start, end }: Range): Promise<Uint8Array> {
    if (end - start > MAX_BYTES) throw this.damaged(`byte ${start} begins a text or a list of ${end - start} bytes`);
    const from = start - this.#from;
    if (from >= 0 && end - this.#from <= this.#window.length) return this.#window.subarray(from, end - this.#from);
    return readExactly(this.source, start, end, this.#options);
  }

  async text(field: Field): Promise<string> {
    if (field.kind !== "bytes") throw this.damaged(`byte ${field.start} holds no text`);
    return new TextDecoder().decode(await this.#bytes(field));
  }

  /** The numbers of a repeated field, packed into one or each on its own. */
  async integers(field: Field): Promise<number[]> {
    if (field.kind === "varint") return [field.value];
    if (field.kind !== "bytes") throw this.damaged(`byte ${field.start} holds no integers`);
    const numbers: number[] = [];
    const bytes = await this.#bytes(field);
    for (let at = 0; at < bytes.length; ) {
      const next = varint(bytes, at, bytes.length);
      if (!next) throw this.damaged(`the integers at byte ${field.start} are cut off`);
      numbers.push(next.value);
      at = next.end;
    }
    return numbers;
  }

  /** Floats alike. */
  async floats(field: Field): Promise<number[]> {
    if (field.kind === "float") return [field.value];
    const bytes = await this.#bytes(field);
    if (field.kind !== "bytes" || bytes.length % 4 !== 0) throw this.damaged(`byte ${field.start} holds no floats`);
    const view = viewOf(bytes);
    return Array.from({ length: bytes.length / 4 }, (_, i) => view.getFloat32(4 * i, true));
  }
}

/**
 * A varint as a signed number of 64 bits and where it ends; past 2⁵³ it is rounded. Undefined where
 * the bytes end before it.
 */
export function varint(bytes: Uint8Array, at: number, limit: number): { value: number; end: number } | undefined {
  let value = 0;
  let factor = 1;
  const last = Math.min(limit, bytes.length);
  for (let i = at; i < last && i < at + 10; i += 1) {
    const byte = bytes[i]!;
    if (i === at + 9) {
      // The tenth byte is the sign: two's complement, of which the seventh to ninth bytes hold the
      // rest.
      return { value: signed(bytes, at), end: i + 1 };
    }
    value += (byte & 0x7f) * factor;
    if (byte < 0x80) return { value: factor < 2 ** 49 ? value : signed(bytes, at), end: i + 1 };
    factor *= 128;
  }
  return undefined;
}

function signed(bytes: Uint8Array, at: number): number {
  let value = 0n;
  for (let i = 0; i < 10; i += 1) {
    value |= BigInt(bytes[at + i]! & 0x7f) << BigInt(7 * i);
    if (bytes[at + i]! < 0x80) break;
  }
  return Number(BigInt.asIntN(64, value));
}
