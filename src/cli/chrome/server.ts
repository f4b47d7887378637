import { randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { listen } from "../../node/http.ts";
import { sourceResponse } from "../../node/source-response.ts";
import type { Folder } from "../../report/folder.ts";
import { Guard } from "../../server/guard.ts";
import { partsOf } from "../../server/paths.ts";
import { Refused, refusal } from "../../server/refused.ts";
import type { Source } from "../../weights/source.ts";
import type { SegmenterFiles } from "../run.ts";
import { packError } from "./wire.ts";

const html = (script: string): string =>
  `<!doctype html><meta charset="utf-8"><title>ganatomy</title><link rel="icon" href="data:,"><script type="module" src="${script}"></script>\n`;
/**
 * The page's scripts, which lie in one folder: its own, its workers' and what it shares with the
 * command line.
 */
const SCRIPT = /^(chrome|cli)-[\w-]+\.js$/;

export interface ChromeServer {
  /** Address of the page. */
  readonly url: string;
  /** Makes a source available to the page and returns its address. */
  offer(source: Source): string;
  offerSegmenter(files: SegmenterFiles<Source>): SegmenterFiles<string>;
  close(): Promise<void>;
}

/**
 * The server between Node and its page in Chrome: hands out the page's script, with those beside
 * it, and weights by ranges, and takes the report's files. It listens on this machine alone, and
 * all addresses begin with a token that other programs and pages cannot guess.
 */
export async function chromeServer(scriptPath: string, folder: Folder): Promise<ChromeServer> {
  const page = html(basename(scriptPath));
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
    if (room === undefined) return told(200, page, "text/html; charset=utf-8");
    if (SCRIPT.test(room)) {
      const script = await readFile(join(dirname(scriptPath), room)).catch(() => undefined);
      return script ? told(200, script, "text/javascript; charset=utf-8") : told(404, "Not found\n");
    }
    const source = room === "weights" ? sources[Number(rest[0])] : undefined;
    return source ? sourceResponse(source, request) : told(404, "Not found\n");
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

function told(status: number, body: string | Uint8Array<ArrayBuffer>, type = "text/plain"): Response {
  return new Response(body, { status, headers: { "content-type": type, "cache-control": "no-store" } });
}
