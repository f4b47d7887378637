import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { fileSource } from "../../src/node/files.ts";
import { openCheckpoint } from "../../src/weights/checkpoint.ts";
import { writeSafetensors } from "../../src/weights/safetensors.ts";
import { failure, legacy, p, tensor } from "./fixtures.ts";
import { startServer, type TestServer, withRanges } from "./server.ts";

const one = (name: string, value: number) =>
  writeSafetensors({ [name]: { dtype: "float32", shape: [1], data: Float32Array.of(value) } });
const json = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));
const INDEX = "model.safetensors.index.json";
const FILES: Readonly<Record<string, Uint8Array>> = {
  [INDEX]: json({
    metadata: { total_size: 12 },
    weight_map: { "module.a": "model-1.safetensors", "module.b": "model-2.safetensors", "module.c": "model-3.bin" },
  }),
  "model-1.safetensors": one("module.a", 1),
  "model-2.safetensors": one("module.b", 2),
  "model-3.bin": legacy(p.dict(["module.c", tensor({ key: "0", type: "Float", count: 1 }, [1], [1])]), [
    ["0", 1, Float32Array.of(3)],
  ]),
};

let server: TestServer;
let folder: string;
beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server.close());
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "ganatomy-shards-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** Writes the files, some of them otherwise, and opens the index by its path. */
async function open(others: Readonly<Record<string, Uint8Array>> = {}) {
  for (const [name, data] of Object.entries({ ...FILES, ...others })) await writeFile(join(folder, name), data);
  return openCheckpoint(await fileSource(join(folder, INDEX)));
}

describe("a checkpoint in several files", () => {
  it("by the path of its index, or of its folder", async () => {
    const checkpoint = await open();
    expect([...checkpoint.tensors.keys()]).toEqual(["a", "b", "c"]);
    const values = [...checkpoint.tensors.values()].map(async (each) => [...(await each.read())]);
    expect(await Promise.all(values)).toEqual([[1], [2], [3]]);
    expect((await openCheckpoint(await fileSource(folder))).tensors.size).toBe(3);
  });

  it("by URL, also when the address has a query", async () => {
    server.handler = (request, response) => {
      const file = FILES[new URL(request.url!, server.url).pathname.slice("/of/".length)];
      if (file) withRanges(file)(request, response);
      else response.writeHead(404).end();
    };
    for (const like of [`${server.url}of/${INDEX}?download=true`, new Request(`${server.url}of/${INDEX}`)]) {
      const { tensors } = await openCheckpoint(like);
      expect([...(await tensors.get("c")!.read()), ...(await tensors.get("a")!.read())]).toEqual([3, 1]);
    }
  });

  it("from bytes alone cannot be found, and a hash of the index is none of the files", async () => {
    const alone = await failure(openCheckpoint(FILES[INDEX]!));
    expect([alone.code, alone.message]).toEqual(["usage", expect.stringMatching("several files.*by its URL")]);
    server.handler = withRanges(FILES[INDEX]!);
    const digest = Buffer.from(await crypto.subtle.digest("SHA-256", FILES[INDEX] as Uint8Array<ArrayBuffer>));
    const hashed = openCheckpoint(`${server.url}${INDEX}`, { sha256: digest.toString("hex") });
    expect((await failure(hashed)).code).toBe("usage");
  });

  const broken: [string, Readonly<Record<string, Uint8Array>>, RegExp][] = [
    [
      "a tensor that its file lacks",
      { "model-1.safetensors": one("x", 1) },
      /"model-1.safetensors" has no tensor "module.a"/,
    ],
    [
      "a name that leads elsewhere",
      { [INDEX]: json({ weight_map: { a: "../model-1.safetensors" } }) },
      /is in "\.\.\/model/,
    ],
    ["a hidden one", { [INDEX]: json({ weight_map: { a: ".." } }) }, /is in "\.\."/],
    ["no names", { [INDEX]: json({ weight_map: {} }) }, /names no tensors/],
    ["no strings", { [INDEX]: json({ weight_map: { a: 3 } }) }, /is in no file/],
    ["an index that names itself", { [INDEX]: json({ weight_map: { a: INDEX } }) }, /looks like JSON/],
    ["an index that ends early", { [INDEX]: FILES[INDEX]!.slice(0, -2) }, /it is no JSON/],
    ["a file that is none", { "model-2.safetensors": json("<html>") }, /no checkpoint/],
  ];
  it.each(broken)("%s", async (_, others, message) => {
    const error = await failure(open(others));
    expect([error.code, error.message]).toEqual(["weights-format", expect.stringMatching(message)]);
  });

  it("a file that is missing, and a folder without an index", async () => {
    const error = await failure(open({ [INDEX]: json({ weight_map: { a: "gone.safetensors" } }) }));
    expect([error.code, error.message]).toEqual(["not-found", expect.stringMatching("gone.safetensors")]);
    await mkdir(join(folder, "empty"));
    expect((await failure(fileSource(join(folder, "empty")))).message).toMatch("is a folder");
  });
});
