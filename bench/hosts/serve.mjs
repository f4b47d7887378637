// What the page asks for: its scripts, weights, what is built, onnxruntime-web's WebAssembly, and
// PyTorch.
import { spawn } from "node:child_process";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";
import { buffer } from "node:stream/consumers";
import { ROOT } from "./build.mjs";
import { findTorch, TORCH } from "./torch.mjs";

export const ORT = join(ROOT, "bench/node_modules/onnxruntime-web/dist");
const PAGE =
  '<!doctype html><meta charset="utf-8"><title>bench</title><link rel="icon" href="data:,"><script type="module" src="/scripts/page.mjs"></script>\n';
const TYPES = {
  ".wasm": "application/wasm",
  ".mjs": "text/javascript",
  ".js": "text/javascript",
  ".css": "text/css",
  ".html": "text/html; charset=utf-8",
};

/** Serves `scripts`, a folder, and the rest; cross-origin isolated. */
export async function serve(scripts) {
  const folders = { scripts, ort: ORT, weights: join(ROOT, "weights"), dist: join(ROOT, "dist") };
  const torch = findTorch();
  const server = createServer(async (request, response) => {
    response.setHeader("cross-origin-opener-policy", "same-origin");
    response.setHeader("cross-origin-embedder-policy", "require-corp");
    const answer = (status, type, body) => response.writeHead(status, { "content-type": type }).end(body);
    const { pathname } = new URL(request.url, "http://localhost");
    if (pathname === "/") return answer(200, "text/html", PAGE);
    try {
      if (pathname === "/torch") {
        if (!torch.python) return answer(404, "text/plain", torch.why);
        if (request.method !== "POST") return answer(200, "text/plain", torch.version);
        return answer(200, "application/octet-stream", await runTorch(torch.python, request));
      }
      const asked = pathname.endsWith("/") ? `${pathname}index.html` : pathname;
      const [, folder, ...path] = normalize(asked).split("/");
      const file = join(folders[folder], ...path);
      return answer(200, TYPES[extname(file)] ?? "application/octet-stream", await readFile(file));
    } catch (error) {
      return answer(pathname === "/torch" ? 500 : 404, "text/plain", error.message);
    }
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { url: `http://localhost:${server.address().port}/`, torch: torch.version, close: () => server.close() };
}

async function runTorch(python, request) {
  const child = spawn(python, [TORCH], { stdio: ["pipe", "pipe", "pipe"] });
  child.stdin.on("error", () => {}); // it died, and says why
  request.pipe(child.stdin);
  const closed = new Promise((resolve) => child.on("close", resolve));
  const [output, said] = await Promise.all([buffer(child.stdout), buffer(child.stderr)]);
  if ((await closed) !== 0) throw new Error(said.toString().trim().split("\n").at(-1));
  return output;
}
