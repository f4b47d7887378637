// Tests: test/node/drawing-threads.test.ts
/** The thread that `threadPool` starts. */
import { parentPort } from "node:worker_threads";
import { serveDrawing } from "../report/drawing-serve.ts";
import { nodeEncoder } from "./photo/encoder.ts";

const port = parentPort;
// Which unit it was is not to be found out: as a thread that ended it is drawn by another.
port?.on("messageerror", (error) => {
  throw error;
});
port?.on(
  "message",
  serveDrawing(nodeEncoder(), (message, transfer) => port.postMessage(message, transfer)),
);
