import type { DissectionState, StateTable } from "../dissect/checkpoint.ts";
import { sha256 } from "../node/kept/file.ts";
import { parseJson } from "../weights/json.ts";

const KINDS = { Uint8Array, Uint16Array, Uint32Array, Float32Array, Float64Array };

/** Of what a state is: what it must agree with to be gone on with. */
export interface About {
  readonly [name: string]: string | number | undefined;
  readonly key?: string;
  readonly plan?: string;
  readonly adapter?: string;
}

/** The first line of the file; behind it are the tables' bytes, in this machine's order. */
interface Head {
  readonly format: string;
  readonly about: About;
  readonly at: string;
  readonly done: number;
  readonly tables: readonly (readonly [name: string, kind: keyof typeof KINDS, length: number])[];
  readonly sha256: string;
}

/** A state as the bytes of a file. */
export function packState(format: string, about: About, { at, done, tables }: DissectionState): Uint8Array {
  const entries = [...tables];
  const body = Buffer.concat(entries.map(([, table]) => Buffer.from(table.buffer, table.byteOffset, table.byteLength)));
  const head: Omit<Head, "sha256"> = {
    format,
    about,
    at,
    done,
    tables: entries.map(([name, table]) => [name, table.constructor.name as keyof typeof KINDS, table.length]),
  };
  return Buffer.concat([Buffer.from(`${JSON.stringify({ ...head, sha256: hashOf(head, body) })}\n`), body]);
}

const hashOf = (head: Omit<Head, "sha256">, body: Uint8Array): string =>
  sha256(`${JSON.stringify(head)}${sha256(body)}`);

/** What a file's first bytes say of it; undefined where they say nothing. */
export function stateHead(bytes: Uint8Array, format: string): Pick<Head, "about" | "at" | "done"> | undefined {
  try {
    const head = parseJson(new TextDecoder().decode(bytes.subarray(0, bytes.indexOf(10)))) as Head;
    const isWhole = typeof head.about === "object" && typeof head.at === "string" && Number.isSafeInteger(head.done);
    return head.format === format && isWhole ? head : undefined;
  } catch {
    return undefined;
  }
}

/** What a file holds; undefined where it is damaged. */
export function unpackState(
  bytes: Uint8Array,
  format: string,
): { readonly about: About; readonly state: DissectionState } | undefined {
  try {
    if (!stateHead(bytes, format)) return undefined;
    const end = bytes.indexOf(10);
    const head = parseJson(new TextDecoder().decode(bytes.subarray(0, end))) as Head;
    const body = bytes.subarray(end + 1);
    const { sha256: hash, ...rest } = head;
    if (hashOf(rest, body) !== hash) return undefined;
    const tables = new Map<string, StateTable>();
    let at = 0;
    for (const [name, kind, length] of head.tables) {
      const Kind = KINDS[kind];
      const size = length * Kind.BYTES_PER_ELEMENT;
      if (!Number.isSafeInteger(length) || length < 0 || at + size > body.length) return undefined;
      tables.set(name, new Kind(Uint8Array.from(body.subarray(at, at + size)).buffer));
      at += size;
    }
    return { about: head.about, state: { at: head.at, done: head.done, tables } };
  } catch {
    return undefined;
  }
}
