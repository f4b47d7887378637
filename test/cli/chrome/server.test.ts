import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type ChromeServer, chromeServer } from "../../../src/cli/chrome/server.ts";
import { packError, unpackError, type WireError } from "../../../src/cli/chrome/wire.ts";
import { GanatomyError, OutputError, UsageError } from "../../../src/errors.ts";
import { memoryFolder } from "../../../src/report/folder.ts";
import { openSource } from "../../../src/weights/open.ts";

const BYTES = Uint8Array.from({ length: 9_000_000 }, (_, i) => (i * 31) >> 3);
const SOURCE = {
  name: "my church.pth",
  size: BYTES.length,
  read: async (start: number, end: number) => BYTES.subarray(start, end),
};

let home: string;
let server: ChromeServer;
let folder: ReturnType<typeof memoryFolder>;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), "ganatomy-server-"));
  await writeFile(join(home, "chrome-page.js"), "hello()");
  folder = memoryFolder();
  server = await chromeServer(join(home, "chrome-page.js"), {
    write: async (path, data) => {
      if (path === "full") throw new OutputError("The disk is full.", "Free some space.");
      await folder.write(path, data);
    },
  });
});
afterEach(async () => {
  await server.close();
  await rm(home, { recursive: true, force: true });
});

test("serves the page, its script and those beside it, and no other file", async () => {
  await writeFile(join(home, "cli-chunk-A1.js"), "shared()");
  await writeFile(join(home, "secret.js"), "");
  const get = async (path: string) => fetch(new URL(path, server.url));
  expect(await (await get("cli-chunk-A1.js")).text()).toBe("shared()");
  for (const path of ["cli-chunk-B2.js", "secret.js", "cli-..%2fsecret.js"]) expect((await get(path)).status).toBe(404);
  expect(await (await fetch(server.url)).text()).toContain('src="chrome-page.js"');
  const script = await fetch(new URL("chrome-page.js", server.url));
  expect([script.headers.get("content-type"), await script.text()]).toEqual([
    "text/javascript; charset=utf-8",
    "hello()",
  ]);
});

describe("weights", () => {
  test("are read by ranges, as the library in the page reads them", async () => {
    const source = await openSource(new URL(server.offer(SOURCE), server.url));
    expect([source.name, source.size]).toEqual([SOURCE.name, SOURCE.size]);
    for (const [start, end] of [
      [0, 10],
      [5_000_000, 8_999_999],
      [8_999_999, 9_000_000],
    ] as const) {
      expect(Buffer.from(await source.read(start, end)).equals(BYTES.subarray(start, end))).toBe(true);
    }
  });

  test("come whole when no range is asked for, and 416 says what cannot be", async () => {
    const url = new URL(server.offer(SOURCE), server.url);
    expect(Buffer.from(await (await fetch(url)).arrayBuffer()).equals(BYTES)).toBe(true);
    expect((await fetch(url, { headers: { range: "bytes=9000000-" } })).status).toBe(416);
  });

  test("that cannot be read are an answer, not a hanging request", async () => {
    const broken = {
      ...SOURCE,
      read: () => Promise.reject(new GanatomyError("not-found", "It went away.", "Look for it.")),
    };
    const response = await fetch(new URL(server.offer(broken), server.url));
    expect([response.status, await response.json()]).toMatchObject([500, { code: "not-found" }]);
  });
});

describe("files", () => {
  test("are handed to the folder under their paths", async () => {
    const body = new Uint8Array([1, 2, 3]);
    const url = new URL("files/layer%204/image/0-top.jpg", server.url);
    expect((await fetch(url, { method: "PUT", body })).status).toBe(204);
    expect([...folder.files]).toEqual([["layer 4/image/0-top.jpg", Buffer.from(body)]]);
  });

  test("that the disk refuses come back as the error they are", async () => {
    const response = await fetch(new URL("files/full", server.url), { method: "PUT", body: "x" });
    const error = unpackError((await response.json()) as WireError);
    expect(error).toMatchObject({
      name: "OutputError",
      code: "output",
      fix: "Free some space.",
      message: "The disk is full. Free some space.",
    });
  });
});

describe("others", () => {
  test.each([
    ["without the token", "GET", (url: URL) => new URL("/", url)],
    ["with a wrong token", "PUT", (url: URL) => new URL(`/${"0".repeat(32)}/files/x`, url)],
    ["out of it", "GET", (url: URL) => new URL(`${url.pathname}../`, url)],
  ])("%s get nothing", async (_, method, address) => {
    const response = await fetch(address(new URL(server.url)), { method });
    expect(response.status).toBe(404);
    expect([...folder.files]).toEqual([]);
  });

  test("under another host name get nothing, though they know the token", async () => {
    const status = await new Promise((resolve, reject) => {
      request(server.url, { headers: { host: "evil.example" } }, (response) => resolve(response.statusCode))
        .on("error", reject)
        .end();
    });
    expect(status).toBe(403);
  });

  test("other sites' pages get nothing, though they know the token", async () => {
    const headers = { origin: "https://evil.example" };
    const response = await fetch(new URL("files/x", server.url), { method: "PUT", body: "x", headers });
    expect(response.status).toBe(403);
    expect([...folder.files]).toEqual([]);
  });
});

test("errors keep their code, cause and fix on the way", () => {
  const error = new UsageError("There is no layer9.", "Choose among layer1, layer2.");
  const copy = unpackError(JSON.parse(JSON.stringify(packError(error))));
  expect(copy).toBeInstanceOf(GanatomyError);
  expect(copy).toMatchObject({ name: "UsageError", code: "usage", fix: error.fix, message: error.message });
  expect(unpackError(packError(new TypeError("x is undefined")))).toMatchObject({
    name: "TypeError",
    message: "x is undefined",
  });
});
