import { UsageError } from "../errors.ts";
import type { SourceLike } from "../weights/source.ts";
import type { LoadRequest } from "./session.ts";

// Tests: test/session/portable.test.ts

/** What a page has of this; workers and Node have no document. */
interface Host {
  readonly document?: { readonly baseURI: string };
  readonly location?: { readonly href: string };
}

/**
 * What is to be loaded, as it can cross a port: addresses as they are seen from here, bytes and
 * files as they are.
 * @throws UsageError for what cannot cross: a `Request`, or a source with functions.
 */
export function portable({ signal, onProgress, ...request }: LoadRequest): object {
  const { generator, segmenter, report, quantiles, latents } = request;
  const all = <T>(files: T): T | object =>
    typeof files === "object" && files !== null
      ? Object.fromEntries(Object.entries(files).map(([key, file]) => [key, sent(file, key)]))
      : files;
  return {
    ...request,
    ...(generator !== undefined && { generator: sent(generator, "generator") }),
    ...(segmenter !== undefined && { segmenter: all(segmenter) }),
    ...(quantiles !== undefined && { quantiles: all(quantiles) }),
    ...(latents !== undefined && { latents: sent(latents, "latents") }),
    ...(report !== undefined && { report: sent(report, "report") }),
  };
}

/** An address as it is seen from this page; in Node as it is. */
export function absolute(address: string | URL): string {
  const { document, location } = globalThis as Host;
  const base = document?.baseURI ?? location?.href;
  return base === undefined ? String(address) : new URL(address, base).href;
}

function sent(source: SourceLike | object, what: string): unknown {
  if (typeof source === "string" || source instanceof URL) return absolute(source);
  const hasFunctions = Object.values(source).some((value) => typeof value === "function");
  const isPlain = [Object.prototype, Array.prototype, null].includes(Object.getPrototypeOf(source));
  const isBytes = source instanceof Blob || source instanceof ArrayBuffer || ArrayBuffer.isView(source);
  if (isBytes || (isPlain && !hasFunctions)) return source;
  throw new UsageError(`What is given as ${what} cannot be sent to a worker.`, "Give an address, a file, or bytes.");
}
