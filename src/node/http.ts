import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { ReadableStream as NodeStream } from "node:stream/web";
import { UsageError } from "../errors.ts";
import { checkNames, type NamesOf } from "../names.ts";

/** What answers a request of the web: `createHandler` of ganatomy/server, or any other. */
export type FetchHandler = (request: Request) => Promise<Response> | Response;

/** Options of `listen`. */
export interface ListenOptions {
  /** 0, a free one, unless given. */
  readonly port?: number;
  /** 127.0.0.1, which this machine alone reaches, unless given. */
  readonly host?: string;
}

const NAMES: NamesOf<ListenOptions> = { port: true, host: true };

/** A server that listens. */
export interface Listening {
  /** With "/" at its end. */
  readonly url: string;
  /** The port that it got. */
  readonly port: number;
  /** Ends it at once, with all connections. */
  close(): Promise<void>;
}

/**
 * Serves a handler over HTTP.
 * @throws UsageError when the port is taken or may not be had.
 */
export async function listen(handler: FetchHandler, options: ListenOptions = {}): Promise<Listening> {
  checkNames("listen", options, NAMES);
  const { port = 0, host = "127.0.0.1" } = options;
  const server = createServer(nodeListener(handler));
  await new Promise<void>((resolve, reject) => server.once("error", reject).listen(port, host, resolve)).catch(
    (cause) => {
      const { code, message } = cause as NodeJS.ErrnoException;
      const why = code === "EADDRINUSE" ? "is taken" : `cannot be had (${code ?? message})`;
      throw new UsageError(`Port ${port} of ${host} ${why}.`, "Choose another one.", { cause });
    },
  );
  const { port: own, family, address } = server.address() as AddressInfo;
  const shown = family === "IPv6" ? `[${address}]` : address;
  return {
    url: `http://${shown}:${own}/`,
    port: own,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** A handler as Node's servers call it; Express takes it too. */
export function nodeListener(
  handler: FetchHandler,
): (request: IncomingMessage, response: ServerResponse) => Promise<void> {
  return async (incoming, outgoing) => {
    // Who has gone away need not be worked for.
    const gone = new AbortController();
    outgoing.once("close", () => {
      if (!outgoing.writableEnded) gone.abort(new DOMException("The client went away.", "AbortError"));
    });
    try {
      const request = requestOf(incoming, gone.signal);
      if (!request) outgoing.writeHead(400).end();
      else await send(await handler(request), outgoing);
    } catch {
      if (outgoing.headersSent) outgoing.destroy();
      else outgoing.writeHead(500).end();
    }
  };
}

/**
 * Undefined for what no browser sends: a target or a host of other forms than a path and a name.
 */
function requestOf(incoming: IncomingMessage, signal: AbortSignal): Request | undefined {
  const { method = "GET", url = "", headers } = incoming;
  const { host = "" } = headers;
  // Joined as text: resolved against the host, "//elsewhere/" would replace it.
  if (!url.startsWith("/") || !/^(\[[\da-f:.]+\]|[\w.-]+)(:\d+)?$/i.test(host)) return undefined;
  const given = new Headers();
  for (const [name, value] of Object.entries(headers)) {
    for (const each of [value ?? []].flat()) given.append(name, each);
  }
  const hasBody = method !== "GET" && method !== "HEAD";
  const body = hasBody ? { body: Readable.toWeb(incoming) as unknown as ReadableStream, duplex: "half" } : {};
  try {
    return new Request(`http://${host}${url}`, { method, headers: given, signal, ...body } as RequestInit);
  } catch {
    return undefined; // TRACE and the like
  }
}

async function send(response: Response, outgoing: ServerResponse): Promise<void> {
  outgoing.statusCode = response.status;
  for (const [name, value] of response.headers) outgoing.appendHeader(name, value);
  if (!response.body) {
    outgoing.end();
    return;
  }
  await pipeline(Readable.fromWeb(response.body as unknown as NodeStream), outgoing);
}
