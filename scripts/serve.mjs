// A file server for this machine alone: `npm run example`, and the tests' pages. WebGPU needs a
// secure context, which 127.0.0.1 is; files opened from the disk are not, and cannot import
// modules. It needs the build.
import { fileURLToPath } from "node:url";
import { fileServer, listen } from "../dist/node/index.js";

/**
 * Serves the files below `root`, with ranges; a folder's address shows its index.html.
 * @param {string} root
 * @param {number} [port] 0 takes a free one
 * @returns {Promise<{ url: string, close(): Promise<void> }>}
 */
export const serve = (root, port = 0) => listen(fileServer(root), { port });

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const port = Number(process.env.PORT ?? 8080);
  const { url } = await serve(fileURLToPath(new URL("../", import.meta.url)), port).catch((error) => {
    if (error.code !== "usage") throw error;
    console.error(`Port ${port} is taken: choose another one with the environment variable PORT.`);
    process.exit(1);
  });
  console.log(`${url}examples/page/   (Ctrl-C ends it)`);
}
