/** The thread that `threadStudio` starts. */
import { parentPort } from "node:worker_threads";
import { nodeEncoder } from "../cli/encoder.ts";
import { serveStudio } from "../report/studio-worker.ts";

const port = parentPort;
port?.on(
  "message",
  serveStudio(nodeEncoder(), (message, transfer) => port.postMessage(message, transfer)),
);
