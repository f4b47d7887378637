/** The thread that `threadStudio` starts. */
import { parentPort } from "node:worker_threads";
import { nodeEncoder } from "../cli/encoder.ts";
import { serveStudio } from "../report/studio-serve.ts";

const port = parentPort;
// Which unit it was is not to be found out: as a thread that ended it is drawn by another.
port?.on("messageerror", (error) => {
  throw error;
});
port?.on(
  "message",
  serveStudio(nodeEncoder(), (message, transfer) => port.postMessage(message, transfer)),
);
