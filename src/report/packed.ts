/**
 * Bytes deflated as they come, so that only their packed form is held; at the end they are base64
 * text.
 */
export class PackedBytes {
  readonly #writer: WritableStreamDefaultWriter<BufferSource>;
  readonly #packed: Promise<ArrayBuffer>;
  #length = 0;

  constructor() {
    const stream = new CompressionStream("deflate-raw");
    this.#writer = stream.writable.getWriter();
    this.#packed = new Response(stream.readable).arrayBuffer();
    // A page that is given up is never read; its failure is nobody's.
    this.#packed.catch(() => {});
  }

  /** Bytes appended so far, before packing. */
  get length(): number {
    return this.#length;
  }

  async append(bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    this.#length += bytes.length;
    await this.#writer.write(bytes);
  }

  async finish(): Promise<string> {
    await this.#writer.close();
    return toBase64(new Uint8Array(await this.#packed));
  }

  /** Gives up: releases the compressor. */
  async abort(): Promise<void> {
    await this.#writer.abort().catch(() => {});
  }
}

/** Base64 of bytes, in the browser and in Node alike. */
export function toBase64(bytes: Uint8Array): string {
  const parts: string[] = [];
  // A multiple of three, so that the parts join without padding between them.
  for (let i = 0; i < bytes.length; i += 24_576)
    parts.push(btoa(String.fromCharCode(...bytes.subarray(i, i + 24_576))));
  return parts.join("");
}
