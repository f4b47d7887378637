import type { Source } from "../weights/source.ts";
import { rangeHead, rangeOf } from "./file-server.ts";

// Tests: test/cli/chrome/server.test.ts, test/cli/studio/handler.test.ts

/**
 * Larger ranges than this are sent in pieces, so that a checkpoint is never in memory as a whole on
 * this side.
 */
const PIECE = 4 * 2 ** 20;

/** A source, or the range of it that was asked for. @throws Refused 416 */
export async function sourceResponse(source: Source, request: Request): Promise<Response> {
  const range = rangeOf(request, source.size);
  const { start, end } = range ?? { start: 0, end: source.size };
  const piece = (at: number): Promise<Uint8Array> => source.read(at, Math.min(at + PIECE, end));
  const first = await piece(start); // before the head: a failure can still be told
  let at = start;
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      if (at >= end) return controller.close();
      const bytes = at === start ? first : await piece(at);
      at += bytes.length;
      controller.enqueue(bytes);
    },
  });
  const { status, headers } = rangeHead(range, source.size);
  return new Response(body, { status, headers: { ...headers, "content-type": "application/octet-stream" } });
}
