import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export type Handler = (request: IncomingMessage, response: ServerResponse) => void;

export interface TestServer {
  readonly url: string;
  /** "METHOD path range" of every request. */
  readonly log: string[];
  handler: Handler;
  close(): Promise<void>;
}

export async function startServer(): Promise<TestServer> {
  const server = createServer((request, response) => {
    started.log.push([request.method, request.url, request.headers.range].filter(Boolean).join(" "));
    started.handler(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const started: TestServer = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    log: [],
    handler: (_, response) => response.writeHead(404).end(),
    close: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
  return started;
}

/** Serves a file, by ranges when asked. */
export function withRanges(file: Uint8Array, headers: Record<string, string> = {}): Handler {
  return (request, response) => {
    const match = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? "");
    if (!match) return void response.writeHead(200, { "content-length": file.length, ...headers }).end(file);
    const start = Number(match[1]);
    if (start >= file.length) return void response.writeHead(416).end();
    const end = Math.min(file.length, Number(match[2]) + 1);
    const range = { "content-range": `bytes ${start}-${end - 1}/${file.length}`, "content-length": end - start };
    response.writeHead(206, { ...range, ...headers }).end(file.subarray(start, end));
  };
}

/** Serves a file whole, whatever is asked. */
export function withoutRanges(file: Uint8Array, headers: Record<string, string | number> = {}): Handler {
  return (_, response) => void response.writeHead(200, { "content-length": file.length, ...headers }).end(file);
}
