import { isFloat32 } from "../models/edits.ts";
import { parseJson } from "../weights/json.ts";
import { badRequest, Refused as Refusal, type Refused } from "./refused.ts";

// Tests: test/server/fields.test.ts

/** A JSON object's fields. Those that nobody asks for are passed over: clients send more. */
export type Fields = Readonly<Record<string, unknown>>;

/**
 * What checks and hands on a value of a request, and names it in what it says. Nothing, `null` and
 * an empty list are told apart by whoever asks.
 */
export function fieldsOf(value: unknown, what: string): Fields {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Fields;
  throw wrong(value, what, "an object");
}

export function listOf(value: unknown, what: string, most: number): readonly unknown[] {
  if (!Array.isArray(value)) throw wrong(value, what, "a list");
  if (value.length <= most) return value;
  throw badRequest(`${what} has ${value.length} entries.`, `Send up to ${most} at a time.`);
}

export function textOf(value: unknown, what: string): string {
  if (typeof value === "string") return value;
  throw wrong(value, what, "a text");
}

export function wholeOf(value: unknown, what: string, least: number, most: number): number {
  if (Number.isInteger(value) && (value as number) >= least && (value as number) <= most) return value as number;
  throw wrong(value, what, `a whole number from ${least} to ${most}`);
}

/** A number that is one on the GPU too. */
export function numberOf(value: unknown, what: string): number {
  if (typeof value === "number" && isFloat32(value)) return value;
  throw wrong(value, what, "a number within ±3.4e38");
}

export function fractionOf(value: unknown, what: string): number {
  if (typeof value === "number" && value >= 0 && value <= 1) return value;
  throw wrong(value, what, "a number from 0 to 1");
}

const wrong = (value: unknown, what: string, wanted: string): Refused =>
  badRequest(`${what} is ${shown(value)}.`, `It is ${wanted}.`);

function shown(value: unknown): string {
  if (value === undefined) return "missing";
  const text = JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}

/**
 * The JSON object in a request's body, of which no more is read than may be there.
 * @throws Refused 415, 413, 400.
 */
export async function bodyOf(request: Request, most: number): Promise<Fields> {
  checkType(request, "application/json", "JSON");
  const text = new TextDecoder().decode(await bytesOf(request, most));
  let value: unknown;
  try {
    value = parseJson(text);
  } catch {
    throw badRequest("The body is no JSON.", "Send a JSON object.");
  }
  return fieldsOf(value, "The body");
}

/**
 * The bytes of a request's body, which is a file.
 * @throws Refused 415, 413.
 */
export function fileOf(request: Request, most: number): Promise<Uint8Array> {
  checkType(request, "application/octet-stream", "a file");
  return bytesOf(request, most);
}

function checkType({ headers }: Request, wanted: string, what: string): void {
  const type = headers.get("content-type") ?? "";
  if (type.split(";")[0]!.trim().toLowerCase() === wanted) return;
  const fix = `Send ${what} with the header content-type: ${wanted}.`;
  throw new Refusal(415, "content-type", `A body of the type "${type.slice(0, 60)}" is not read.`, fix);
}

async function bytesOf(request: Request, most: number): Promise<Uint8Array> {
  const tooLarge = (): Refused =>
    new Refusal(
      413,
      "too-large",
      `The body has more than ${most} bytes.`,
      "Send fewer or smaller masks, or a smaller file.",
    );
  if (Number(request.headers.get("content-length") ?? 0) > most) throw tooLarge();
  // Firefox gives no streams of requests' bodies: those of its pages are in memory as they are.
  if (request.body === undefined) {
    const bytes = new Uint8Array(await request.arrayBuffer());
    if (bytes.length > most) throw tooLarge();
    return bytes;
  }
  const parts: Uint8Array[] = [];
  let size = 0;
  const reader = request.body?.getReader();
  for (;;) {
    const { done = true, value } = (await reader?.read()) ?? {};
    if (done) break;
    size += value!.length;
    if (size > most) {
      await reader!.cancel();
      throw tooLarge();
    }
    parts.push(value!);
  }
  const bytes = new Uint8Array(size);
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
