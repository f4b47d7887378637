// Tests: test/browser/drawing-workers.test.ts
/** The script of the workers that draw for the page of `--chrome`. */
import { serveDrawing } from "../../report/drawing-serve.ts";
import { canvasEncoder } from "../../report/encode-canvas.ts";

const worker = globalThis as unknown as Pick<Worker, "postMessage" | "onmessage" | "addEventListener">;
const draw = serveDrawing(canvasEncoder(), (message, transfer) => worker.postMessage(message, transfer));
worker.onmessage = ({ data }) => draw(data);
worker.addEventListener("messageerror", () => {
  // which unit it was is not to be found out: it ends, others draw
  throw new Error("what came could not be read");
});
