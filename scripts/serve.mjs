// A file server for this machine alone, for the tests' pages. WebGPU needs a secure context, which
// 127.0.0.1 is; files opened from the disk are not, and cannot import modules. It needs the build.
import { fileServer, listen } from "../dist/node/index.js";

/**
 * Serves the files below `root`, with ranges; a folder's address shows its index.html.
 * @param {string} root
 * @param {number} [port] 0 takes a free one
 * @returns {Promise<{ url: string, close(): Promise<void> }>}
 */
export const serve = (root, port = 0) => listen(fileServer(root), { port });
