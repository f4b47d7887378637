// Tests: test/node/studio.test.ts
/** The thread that `threadStudio` starts. */
import { parentPort } from "node:worker_threads";
import { serveStudio } from "../report/studio-serve.ts";
import { nodeEncoder } from "./photo/encoder.ts";

const port = parentPort;
// Which unit it was is not to be found out: as a thread that ended it is drawn by another.
port?.on("messageerror", (error) => {
  throw error;
});
port?.on(
  "message",
  serveStudio(nodeEncoder(), (message, transfer) => port.postMessage(message, transfer)),
);
