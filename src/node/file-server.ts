import { Readable } from "node:stream";
import { Guard } from "../server/guard.ts";
import { partsOf, typeOf } from "../server/paths.ts";
import { notFound, Refused, refusal } from "../server/refused.ts";
import { type OpenFile, openWithin } from "./folder-files.ts";
import type { FetchHandler } from "./http.ts";

/** A range of bytes as the Range header names it. */
export interface ByteRange {
  readonly start: number;
  /** Beyond the last one. */
  readonly end: number;
}

/**
 * What a Range header asks for of so many bytes: undefined without one, or for one of another form,
 * which HTTP lets a server pass over. @throws Refused 416
 */
export function rangeOf({ headers }: Request, size: number): ByteRange | undefined {
  const [, first, last] = /^bytes=(\d+)-(\d*)$/.exec(headers.get("range") ?? "") ?? [];
  if (first === undefined) return undefined;
  const start = Number(first);
  const end = last ? Math.min(Number(last) + 1, size) : size;
  if (start < end) return { start, end };
  const headersOf = { "content-range": `bytes */${size}` };
  throw new Refused(416, "range", `There are ${size} bytes.`, "Ask for some of those.", headersOf);
}

/** The headers of a response with these bytes, or a range of them; `status` is that of such one. */
export function rangeHead(range: ByteRange | undefined, size: number) {
  const { start, end } = range ?? { start: 0, end: size };
  return {
    status: range ? 206 : 200,
    headers: {
      "content-length": `${end - start}`,
      "accept-ranges": "bytes",
      "cache-control": "no-store",
      ...(range && { "content-range": `bytes ${start}-${end - 1}/${size}` }),
    },
  };
}

/**
 * A file that is open, or the range of it that was asked for; closed in the end.
 * @throws Refused 416
 */
export async function fileResponse(request: Request, type: string, { file, size }: OpenFile): Promise<Response> {
  try {
    const range = rangeOf(request, size);
    const { status, headers } = rangeHead(range, size);
    const whole = { status, headers: { ...headers, "content-type": type } };
    if (request.method === "HEAD" || size === 0) {
      await file.close();
      return new Response(null, whole);
    }
    // `end` is the last byte here; the file is closed with the stream.
    const stream = file.createReadStream(range && { start: range.start, end: range.end - 1 });
    return new Response(Readable.toWeb(stream) as unknown as ReadableStream, whole);
  } catch (error) {
    await file.close();
    throw error;
  }
}

/** @throws Refused 405 */
export function onlyRead({ method }: Request): void {
  if (method === "GET" || method === "HEAD") return;
  throw new Refused(405, "method", `${method} is not answered here.`, "Use GET.", { allow: "GET, HEAD" });
}

/**
 * Serves the files of a folder to this machine alone, with ranges; a folder's address shows its
 * index.html.
 */
export function fileServer(root: string): FetchHandler {
  const guard = new Guard({});
  const answer = async (request: Request): Promise<Response> => {
    onlyRead(request);
    const { pathname } = new URL(request.url);
    const path = partsOf(pathname.endsWith("/") ? `${pathname}index.html` : pathname).join("/");
    const found = await openWithin(root, path);
    if (!found) throw notFound("There is no such file.", "Check the address.");
    return fileResponse(request, typeOf(path), found);
  };
  return async (request) => {
    try {
      return guard.dressed(guard.check(request) ?? (await answer(request)), request);
    } catch (error) {
      return guard.dressed(refusal(error), request);
    }
  };
}
