// The handler in Deno: says its port, and serves until it is ended.
import { init, loadGenerator } from "../../dist/index.js";
import { nodeEncoder } from "../../dist/node/index.js";
import { createHandler } from "../../dist/server/index.js";

const weights = await Deno.readFile(new URL("../../weights/scenes64/generator.safetensors", import.meta.url));
const generator = await loadGenerator(weights, { device: await init(), name: "scenes64" });
const handler = createHandler({ projects: [{ name: "scenes", generator }], encoder: nodeEncoder() });
Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: ({ port }) => console.log(port) }, handler);
