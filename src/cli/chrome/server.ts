import { randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";
import type { Folder } from "../../report/folder.ts";
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

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const path = (request.url ?? "").split("?")[0]!;
    // The Host header is of the address that a browser believes in: this keeps out names that
    // others pointed at this machine.
    if (!path.startsWith(prefix) || request.headers.host !== hostOf(server))
      return end(response, 404, "text/plain", "Not found\n");
    const [room, ...rest] = path.slice(prefix.length).split("/").map(decodeURIComponent);
    if (request.method === "PUT" && room === "files") {
      await folder.write(rest.join("/"), await buffer(request));
      return end(response, 204);
    }
    if (request.method !== "GET") return end(response, 405, "text/plain", "Not allowed\n");
    if (room === "") return end(response, 200, "text/html; charset=utf-8", HTML);
    if (room === "page.js") return end(response, 200, "text/javascript; charset=utf-8", script);
    const source = room === "weights" ? sources[Number(rest[0])] : undefined;
    if (source) return send(source, request, response);
    end(response, 404, "text/plain", "Not found\n");
  };

  const server = createServer((request, response) => {
    answer(request, response).catch((error) => {
      if (response.headersSent) response.destroy();
      else end(response, 500, "application/json", JSON.stringify(packError(error)));
    });
  });
  await new Promise<void>((resolve, reject) => server.once("error", reject).listen(0, "127.0.0.1", resolve));
  const offer = (source: Source): string => {
    sources.push(source);
    return `${prefix}weights/${sources.length - 1}/${encodeURIComponent(source.name)}`;
  };
  return {
    url: `http://${hostOf(server)}${prefix}`,
    offer,
    offerSegmenter: (files) =>
      "weights" in files
        ? { weights: offer(files.weights), labels: offer(files.labels) }
        : { encoder: offer(files.encoder), decoder: offer(files.decoder), labels: offer(files.labels) },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** A source, or the range of it that was asked for. */
async function send(source: Source, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const range = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? "");
  const start = range ? Number(range[1]) : 0;
  const end_ = range?.[2] ? Math.min(Number(range[2]) + 1, source.size) : source.size;
  if (start >= end_) {
    response.setHeader("content-range", `bytes */${source.size}`);
    return end(response, 416);
  }
  // before the head: a failure can still be told
  let piece = await source.read(start, Math.min(start + PIECE, end_));
  response.writeHead(range ? 206 : 200, {
    "content-type": "application/octet-stream",
    "content-length": end_ - start,
    "accept-ranges": "bytes",
    "cache-control": "no-store",
    ...(range && { "content-range": `bytes ${start}-${end_ - 1}/${source.size}` }),
  });
  for (let at = start; ; ) {
    if (!response.write(piece)) await drained(response);
    at += piece.length;
    if (at >= end_ || response.destroyed) break;
    piece = await source.read(at, Math.min(at + PIECE, end_));
  }
  response.end();
}

/** Resolves when there is room again, or nobody listens any more. */
function drained(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      response.off("drain", done).off("close", done);
      resolve();
    };
    response.on("drain", done).on("close", done);
  });
}

function end(response: ServerResponse, status: number, type?: string, body?: string | Uint8Array): void {
  response.writeHead(status, { ...(type && { "content-type": type }), "cache-control": "no-store" }).end(body);
}

function hostOf(server: Server): string {
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}
