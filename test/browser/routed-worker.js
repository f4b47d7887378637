// A page's own worker, which has the GPU and the handler, and answers what comes by a port.
import { Device, loadGenerator } from "/dist/index.js";
import { canvasEncoder } from "/dist/report/index.js";
import { createHandler } from "/dist/server/index.js";

addEventListener("message", async ({ ports: [port] }) => {
  const device = await Device.request();
  const generator = await loadGenerator("/weights/scenes64/generator.safetensors", { device, name: "scenes64" });
  const onError = (error) => postMessage(String(error));
  const handler = createHandler({ projects: [{ name: "scenes", generator }], encoder: canvasEncoder(), onError });
  port.onmessage = async ({ data: { id, url, ...init } }) => {
    const response = await handler(new Request(url, init));
    const body = await response.arrayBuffer();
    port.postMessage({ id, status: response.status, headers: [...response.headers], body }, [body]);
  };
  postMessage("ready");
});
