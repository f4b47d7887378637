import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { decode } from "fast-png";
import { Hono } from "hono";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { listen } from "../../src/node/http.ts";
import { findSwiftShader } from "../../src/node/vulkan.ts";
import { connect } from "../../src/session/connect.ts";
import { built } from "../built.ts";
import { deno, denoEnvironment } from "../deno.ts";
import { difference, HOST, handlerOf, json, openScenes, type Scenes } from "./scenes.ts";

// Runs: src/server/index.ts, src/index.ts, src/node/index.ts, test/server/hosts-deno.mjs

// Whoever speaks Fetch can serve the handler. (Pages and workers: test/browser/server.test.ts.)

let scenes: Scenes;
beforeAll(async () => {
  scenes = await openScenes();
});
afterAll(() => scenes?.dispose());

interface Host {
  /** Where it is. */
  readonly url: string;
  fetch(request: Request): Promise<Response>;
  close(): unknown;
}

async function inNode(): Promise<Host> {
  const handler = handlerOf(scenes.generator);
  const { url, close } = await listen(handler);
  return { url, fetch, close: () => close().then(() => handler.dispose()) };
}

async function inDeno(): Promise<Host> {
  await built();
  const driver = findSwiftShader();
  if (!driver) throw new Error("Deno runs on Chromium's SwiftShader, which is missing");
  const script = fileURLToPath(new URL("hosts-deno.mjs", import.meta.url));
  const options = ["run", "--unstable-webgpu", "--allow-read", "--allow-net", "--allow-env", "--allow-sys"];
  const child = spawn(deno(), [...options, script], {
    env: denoEnvironment(driver),
    stdio: ["ignore", "pipe", "pipe"],
  });
  let said = "";
  child.stderr.on("data", (text) => (said += text));
  const [port] = (await Promise.race([
    once(child.stdout, "data"),
    once(child, "exit").then(() => Promise.reject(new Error(`deno ended: ${said}`))),
  ])) as [Buffer];
  return { url: `http://127.0.0.1:${Number(port)}/`, fetch, close: () => child.kill() };
}

const inHono = (path: string) => async (): Promise<Host> => {
  const handler = handlerOf(scenes.generator);
  const app = new Hono();
  app.get("/own", (context) => context.text("the app's"));
  app.mount(path, handler);
  const own = await app.request(`${HOST}/own`);
  expect(await own.text()).toBe("the app's");
  return {
    url: `${HOST}${path}${path.endsWith("/") ? "" : "/"}`,
    fetch: async (request) => app.fetch(request),
    close: () => handler.dispose(),
  };
};

describe.each([
  ["Node", inNode],
  ["Deno", inDeno],
  ["Hono", inHono("/")],
  ["Hono below a path", inHono("/gan")],
])("the handler in %s", (name, start) => {
  let host: Host;
  beforeAll(async () => {
    host = await start();
  });
  afterAll(() => host?.close());

  const ask = (path: string, body?: object, headers = {}) =>
    host.fetch(
      new Request(
        host.url + path,
        body && {
          method: "POST",
          body: JSON.stringify(body),
          headers: { "content-type": "application/json", ...headers },
        },
      ),
    );

  test("answers in JSON and in bytes", async () => {
    expect(await json(ask("api/all_projects"))).toMatchObject([{ project: "scenes" }]);
    const response = await ask("api/v1/image", { project: "scenes", id: 7 });
    expect([response.status, response.headers.get("content-type")]).toEqual([200, "image/png"]);
    const { data } = decode(await response.arrayBuffer());
    for await (const { rgb } of scenes.generator.images({ seed: 1, start: 7, size: 1 })) {
      // other drivers round otherwise
      expect(difference(data as Uint8Array, rgb)).toBeLessThan(0.01);
    }
  });

  test("streams, and ends when it is not listened to", async () => {
    const response = await ask("api/v1/session/thumbnails", { layer: "layer4", size: 8 });
    const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
    expect((await reader.read()).value).toMatch(/^\{"event":\{"layer":"layer4","unit":0,/);
    await reader.cancel();
    expect((await ask("api/v1/session/levels", { layer: "layer4", quantiles: [0.5] })).status).toBe(200);
  });

  test("refuses other sites' pages, and what makes no sense", async () => {
    expect(
      (await ask("api/generate", { project: "scenes", ids: [1] }, { origin: "https://evil.example" })).status,
    ).toBe(403);
    expect((await ask("api/generate", { project: "scenes" })).status).toBe(400);
    expect((await ask("api/none")).status).toBe(404);
  });

  if (name === "Node" || name === "Deno") {
    test("is a session's place", async () => {
      using session = await connect({ url: host.url });
      expect(session.loaded!.model!.name).toBe("scenes64");
      expect((await session.picture({ image: 7, type: "png" })).data.length).toBeGreaterThan(1000);
    });
  }
});
