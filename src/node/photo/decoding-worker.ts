// Tests: test/node/photo/decoding-thread.test.ts
/** The thread that `decodeApart` starts. */
import { parentPort } from "node:worker_threads";
import { PhotoFault } from "../../report/photo-fault.ts";
import type { Answer } from "./decoding-thread.ts";
import { type Encoded, pixelsOf } from "./pixels.ts";

const port = parentPort;
port?.on("message", async (file: Encoded) => {
  try {
    const photo = await pixelsOf(file);
    port.postMessage({ photo } satisfies Answer, [photo.rgb.buffer as ArrayBuffer]);
  } catch (error) {
    // Classes of our own and codes do not pass between threads.
    const answer: Answer =
      error instanceof PhotoFault
        ? { fault: error.message, truncated: error.truncated, cause: error.cause }
        : { failed: true };
    port.postMessage(answer);
  }
});
