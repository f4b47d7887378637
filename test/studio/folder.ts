import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildStudio } from "../../scripts/studio.mjs";
import { typeOf } from "../../src/server/paths.ts";
import { built } from "../built.ts";

/** The built studio, in a folder of its own. */
export interface StudioFolder {
  readonly path: string;
  remove(): Promise<void>;
}

export async function studioFolder(): Promise<StudioFolder> {
  await built();
  const path = await mkdtemp(join(tmpdir(), "ganatomy-studio-"));
  await buildStudio(path);
  return { path, remove: () => rm(path, { recursive: true, force: true }) };
}

/** A server as hosts of plain files are: any name, one path, caching as the browser likes. */
export interface PlainHost {
  /** Of the studio, on this machine's loopback. */
  readonly url: string;
  readonly port: number;
  /** Paths that were asked for since the last call, with their queries. */
  asked(): string[];
  close(): Promise<void>;
}

export async function plainHost(folder: string, under: string, port = 0): Promise<PlainHost> {
  const asked: string[] = [];
  const server = createServer(async ({ url = "" }, response) => {
    asked.push(url);
    const { pathname } = new URL(url, "http://localhost");
    const path = pathname.endsWith("/") ? `${pathname}index.html` : pathname;
    try {
      if (!path.startsWith(under)) throw new Error("not there");
      const body = await readFile(join(folder, path.slice(under.length)));
      response.writeHead(200, { "content-type": typeOf(path) }).end(body);
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  const { port: own } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${own}${under}`,
    port: own,
    asked: () => asked.splice(0),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
