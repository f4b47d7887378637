import { randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { rangeHead, rangeOf } from "../../node/file-server.ts";
import { listen } from "../../node/http.ts";
import type { Folder } from "../../report/folder.ts";
import { Guard } from "../../server/guard.ts";
import { partsOf } from "../../server/paths.ts";
import { Refused, refusal } from "../../server/refused.ts";
import type { Source } from "../../weights/source.ts";
import type { SegmenterFiles } from "../run.ts";
import { packError } from "./wire.ts";

const HTML =
  '<!doctype html><meta charset="utf-8"><title>ganatomy</title><link rel="icon" href="data:,"><script type="module" src="page.js"></script>\n';
/**
 * Larger ranges than this are sent in pieces, so that a checkpoint is never in memory as a whole on
 * this side.
 */
const PIECE = 4 * 2 ** 20;

export interface ChromeServer {
  /** Address of the page. */
  readonly url: string;
  /** Makes a source available to the page and returns its address. */
  offer(source: Source): string;
  offerSegmenter(files: SegmenterFiles<Source>): SegmenterFiles<string>;
  close(): Promise<void>;
}

/**
 * The server between Node and its page in Chrome: hands out the page's script and weights by
 * ranges, and takes the report's files. It listens on this machine alone, and all addresses begin
 * with a token that other programs and pages cannot guess.
 */
export async function chromeServer(scriptPath: string, folder: Folder): Promise<ChromeServer> {
  const script = await readFile(scriptPath);
  const prefix = `/${randomBytes(16).toString("hex")}/`;
  const sources: Source[] = [];
  const guard = new Guard({});

  const answer = async (request: Request): Promise<Response> => {
    const { pathname } = new URL(request.url);
    if (!pathname.startsWith(prefix)) return told(404, "Not found\n");
    const [room, ...rest] = pathname === prefix ? [] : partsOf(pathname.slice(prefix.length));
    if (request.method === "PUT" && room === "files") {
      await folder.write(rest.join("/"), Buffer.from(await request.arrayBuffer()));
      return new Response(null, { status: 204 });
    }
    if (request.method !== "GET") return told(405, "Not allowed\n");
    if (room === undefined) return told(200, HTML, "text/html; charset=utf-8");
    if (room === "page.js") return told(200, script, "text/javascript; charset=utf-8");
    const source = room === "weights" ? sources[Number(rest[0])] : undefined;
    return source ? send(source, request) : told(404, "Not found\n");
  };

  const { url, close } = await listen(async (request) => {
    try {
      return guard.dressed(guard.check(request) ?? (await answer(request)), request);
    } catch (error) {
      return error instanceof Refused ? refusal(error) : Response.json(packError(error), { status: 500 });
    }
  });
  const offer = (source: Source): string => {
    sources.push(source);
    return `${prefix}weights/${sources.length - 1}/${encodeURIComponent(source.name)}`;
  };
  return {
    url: `${url}${prefix.slice(1)}`,
    offer,
    offerSegmenter: (files) =>
      "weights" in files
        ? { weights: offer(files.weights), labels: offer(files.labels) }
        : { encoder: offer(files.encoder), decoder: offer(files.decoder), labels: offer(files.labels) },
    close,
  };
}

/** A source, or the range of it that was asked for. */
async function send(source: Source, request: Request): Promise<Response> {
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

function told(status: number, body: string | Uint8Array<ArrayBuffer>, type = "text/plain"): Response {
  return new Response(body, { status, headers: { "content-type": type, "cache-control": "no-store" } });
}
