import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { studioHandler } from "../../../src/cli/studio/handler.ts";
import type { FetchHandler } from "../../../src/node/http.ts";
import { memorySource } from "../../../src/weights/bytes.ts";

let root: string;
let handler: FetchHandler;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "ganatomy-package-"));
  const write = async (path: string, text: string) => {
    await mkdir(join(root, path, ".."), { recursive: true });
    await writeFile(join(root, path), text);
  };
  await write("dist/studio/index.html", "<p>studio");
  await write("dist/studio/studio.js", "studio");
  await write("dist/worker.min.js", "worker");
  await write("weights/scenes64/labels.json", "[]");
  await write("weights/other/labels.json", "secret");
  await write("package.json", "secret");
  await symlink(join(root, "package.json"), join(root, "dist/studio/link.json"));
  const checkpoint = memorySource(Uint8Array.of(1, 2, 3, 4, 5), "my church.pth");
  handler = studioHandler(
    root,
    new Map<string, object>([
      ["given/open.json", { generator: "generator/my%20church.pth" }],
      ["given/generator/my church.pth", checkpoint],
    ]),
  );
});
afterAll(() => rm(root, { recursive: true, force: true }));

const ask = (path: string, options: RequestInit & { readonly host?: string } = {}) =>
  handler(new Request(`http://${options.host ?? "127.0.0.1:5002"}${path}`, options));

describe("the studio's server", () => {
  test("has the studio's files, and what the package has elsewhere", async () => {
    const page = await ask("/");
    expect([page.headers.get("content-type"), await page.text()]).toEqual(["text/html; charset=utf-8", "<p>studio"]);
    expect(await (await ask("/worker.min.js")).text()).toBe("worker");
    expect(await (await ask("/weights/scenes64/labels.json")).text()).toBe("[]");
  });

  test("lets browsers keep what has the build's hash in its address, and nothing else", async () => {
    const kept = async (path: string) => (await ask(path)).headers.get("cache-control");
    expect(await kept("/studio.js?b=abc")).toBe("max-age=31536000, immutable");
    expect(await kept("/studio.js")).toBe("no-store");
    expect(await kept("/")).toBe("no-store");
  });

  test("has what was given, by ranges too", async () => {
    expect(await (await ask("/given/open.json")).json()).toEqual({ generator: "generator/my%20church.pth" });
    const part = await ask("/given/generator/my%20church.pth", { headers: { range: "bytes=1-2" } });
    expect([part.status, part.headers.get("content-range")]).toEqual([206, "bytes 1-2/5"]);
    expect([...new Uint8Array(await part.arrayBuffer())]).toEqual([2, 3]);
    expect((await ask("/given/generator/my%20church.pth", { headers: { range: "bytes=9-" } })).status).toBe(416);
  });

  test.each([
    "/package.json",
    "/link.json",
    "/dist/worker.min.js",
    "/weights/other/labels.json",
    "/weights/scenes64/..%2Fother/labels.json",
    "/%2e%2e/package.json",
    "/given/",
    "/given/generator/",
  ])("has no %s", async (path) => {
    expect((await ask(path)).status).toBe(404);
  });

  test.each<[string, RequestInit & { readonly host?: string }, number]>([
    ["another host's name", { host: "rebound.example:5002" }, 403],
    ["another site's page", { headers: { origin: "https://elsewhere.example" } }, 403],
    ["another site's script", { headers: { "sec-fetch-site": "cross-site", "sec-fetch-dest": "script" } }, 403],
    ["whoever wants to write", { method: "POST", body: "x" }, 405],
  ])("refuses %s", async (_, options, status) => {
    expect((await ask("/studio.js", options)).status).toBe(status);
  });

  test("says to everybody what may be done with it", async () => {
    for (const path of ["/", "/nothing", "/given/open.json"]) {
      const { headers } = await ask(path);
      expect(headers.get("x-content-type-options")).toBe("nosniff");
      expect(headers.get("content-security-policy")).toBe("frame-ancestors 'none'");
    }
  });
});
