import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { fileServer } from "../../src/node/file-server.ts";
import { type Listening, listen } from "../../src/node/http.ts";

const BYTES = Uint8Array.from({ length: 300_000 }, (_, i) => i * 7);
let home: string;
let server: Listening;
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), "ganatomy-static-"));
  await mkdir(join(home, "in/page"), { recursive: true });
  await writeFile(join(home, "in/page/index.html"), "<p>");
  await writeFile(join(home, "in/a.bin"), BYTES);
  await writeFile(join(home, "in/empty.js"), "");
  await writeFile(join(home, "secret"), "secret");
  await symlink(join(home, "secret"), join(home, "in/link"));
  server = await listen(fileServer(join(home, "in")));
});
afterAll(async () => {
  await server.close();
  await rm(home, { recursive: true, force: true });
});

/** As sent, without what `fetch` tidies up. */
const raw = (path: string, headers: Readonly<Record<string, string>> = {}, method = "GET"): Promise<number> =>
  new Promise((resolve, reject) => {
    request({ host: "127.0.0.1", port: server.port, path, headers, method }, ({ statusCode }) => resolve(statusCode!))
      .on("error", reject)
      .end();
  });
const bytes = async (range?: string) => {
  const response = await fetch(`${server.url}a.bin`, { headers: range ? { range } : {} });
  return { response, body: new Uint8Array(await response.arrayBuffer()) };
};

describe("files", () => {
  test("whole, with their types", async () => {
    const { response, body } = await bytes();
    expect([response.status, response.headers.get("content-length")]).toEqual([200, "300000"]);
    expect(response.headers.get("x-content-type-options")).toBe("nosniff");
    expect(Buffer.compare(body, BYTES)).toBe(0);
    const page = await fetch(`${server.url}page/`);
    expect([page.headers.get("content-type"), await page.text()]).toEqual(["text/html; charset=utf-8", "<p>"]);
    expect(await (await fetch(`${server.url}empty.js`)).text()).toBe("");
  });

  test.each([
    ["bytes=0-9", 0, 10],
    ["bytes=299990-", 299_990, 300_000],
    ["bytes=5-900000", 5, 300_000],
  ])("%s", async (range, start, end) => {
    const { response, body } = await bytes(range);
    expect([response.status, response.headers.get("content-range")]).toEqual([206, `bytes ${start}-${end - 1}/300000`]);
    expect(Buffer.compare(body, BYTES.subarray(start, end))).toBe(0);
  });

  test("416 for what is not there", async () => {
    const { response } = await bytes("bytes=300000-");
    expect([response.status, response.headers.get("content-range")]).toEqual([416, "bytes */300000"]);
  });
});

test.each<[what: string, path: string, headers: Readonly<Record<string, string>>, method: string, status: number]>([
  ["a folder without its slash", "/page", {}, "GET", 404],
  ["the folder above", "/../secret", {}, "GET", 404],
  ["the same in other writings", "/%2e%2e%2fsecret", {}, "GET", 404],
  ["a link", "/link", {}, "GET", 404],
  ["another host", "/a.bin", { host: "evil.example" }, "GET", 403],
  ["another site", "/a.bin", { origin: "https://evil.example" }, "GET", 403],
  ["another method", "/a.bin", {}, "PUT", 405],
  ["the head alone", "/a.bin", {}, "HEAD", 200],
])("%s: %s", async (_, path, headers, method, status) => expect(await raw(path, headers, method)).toBe(status));
