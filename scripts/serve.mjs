// A file server for this machine alone: `npm run example`, and the tests' pages. WebGPU needs a
// secure context, which 127.0.0.1 is; files opened from the disk are not, and cannot import
// modules.
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { createServer } from "node:http";
import { extname, join, normalize, sep } from "node:path";
import { pipeline } from "node:stream/promises";
import { fileURLToPath } from "node:url";

const TYPES = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".json": "application/json",
  ".map": "application/json",
  ".svg": "image/svg+xml",
};

/**
 * Serves the files below `root`, with ranges; a folder's address shows its index.html.
 * @param {string} root
 * @param {number} [port] 0 takes a free one
 * @returns {Promise<{ url: string, close(): Promise<void> }>}
 */
export async function serve(root, port = 0) {
  const answer = async (request, response) => {
    const { pathname } = new URL(request.url ?? "/", "http://127.0.0.1");
    let path = normalize(join(root, decodeURIComponent(pathname)));
    let file =
      path === normalize(root) || path.startsWith(normalize(root + sep)) ? await stat(path).catch(() => null) : null;
    if (file?.isDirectory()) {
      path = join(path, "index.html");
      file = pathname.endsWith("/") ? await stat(path).catch(() => null) : null;
    }
    if (!file?.isFile()) return response.writeHead(404, { "content-type": "text/plain" }).end("Not found\n");
    const range = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? "");
    const start = range ? Number(range[1]) : 0;
    const end = range?.[2] ? Math.min(Number(range[2]), file.size - 1) : file.size - 1;
    if (range && start > end) return response.writeHead(416, { "content-range": `bytes */${file.size}` }).end();
    response.writeHead(range ? 206 : 200, {
      "content-type": TYPES[extname(path)] ?? "application/octet-stream",
      "content-length": end - start + 1,
      "accept-ranges": "bytes",
      "cache-control": "no-store",
      ...(range && { "content-range": `bytes ${start}-${end}/${file.size}` }),
    });
    if (request.method === "HEAD" || file.size === 0) return response.end();
    await pipeline(createReadStream(path, { start, end }), response);
  };
  const server = createServer((request, response) => {
    answer(request, response).catch(() => (response.headersSent ? response.destroy() : response.writeHead(500).end()));
  });
  await new Promise((resolve, reject) =>
    server.once("error", reject).listen(port, "127.0.0.1", () => resolve(undefined)),
  );
  const address = /** @type {import("node:net").AddressInfo} */ (server.address());
  return {
    url: `http://127.0.0.1:${address.port}/`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const port = Number(process.env.PORT ?? 8080);
  const { url } = await serve(fileURLToPath(new URL("../", import.meta.url)), port).catch((error) => {
    if (error.code !== "EADDRINUSE") throw error;
    console.error(`Port ${port} is taken: choose another one with the environment variable PORT.`);
    process.exit(1);
  });
  console.log(`${url}examples/page/   (Ctrl-C ends it)`);
}
