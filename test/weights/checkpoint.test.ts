import { describe, expect, it } from "vitest";
import { openCheckpoint } from "../../src/weights/checkpoint.ts";
import { openSource } from "../../src/weights/open.ts";
import type { Source, SourceLike } from "../../src/weights/source.ts";
import { bytes, failure, golden } from "./fixtures.ts";

describe("what is no checkpoint is called by its name", () => {
  const tar = new Uint8Array(512);
  tar.set(new TextEncoder().encode("ustar"), 257);
  const cases: [string, Uint8Array, RegExp][] = [
    ["nothing", bytes(), /is empty/],
    ["HTML", bytes("\n<!DOCTYPE html><html>404"), /HTML page.*not the page that shows it/],
    ["HTML with a byte order mark", bytes(0xef, 0xbb, 0xbf, "<html>"), /HTML page/],
    ["XML", bytes('<?xml version="1.0"?><Error>'), /XML/],
    ["LFS", bytes("version https://git-lfs.github.com/spec/v1\noid sha256:0"), /Git LFS pointer.*git lfs pull/],
    ["gzip", bytes(0x1f, 0x8b, 8), /gzip/],
    ["xz", bytes(0xfd, "7zXZ", 0), /xz/],
    ["bzip2", bytes("BZh9"), /bzip2/],
    ["zstd", bytes(0x28, 0xb5, 0x2f, 0xfd), /zstd/],
    ["tar", tar, /tar archive.*PyTorch 0\.2/],
    ["HDF5", bytes(0x89, "HDF\r\n"), /HDF5/],
    ["GGUF", bytes("GGUF", 3), /GGUF/],
    ["PNG", bytes(0x89, "PNG\r\n"), /an image/],
    ["JPEG", bytes(0xff, 0xd8, 0xff, 0xe0), /an image/],
    ["WebP", bytes("RIFF\x01\x02\x03\x04WEBPVP8"), /an image/],
    ["a pickle of Python 2", bytes("(dp0\nVlayer1"), /pickle of protocol 0 or 1.*protocol=4/],
    ["an object of it", bytes("ccollections\nOrderedDict\np0\n"), /pickle of protocol 0 or 1/],
    ["a pickle of protocol 1", bytes("}q", 0, "(X"), /pickle of protocol 0 or 1/],
    ["JSON", bytes(' {"a": {}}'), /JSON/],
    ["anything else", bytes("hello"), /begins with 68 65 6c 6c 6f/],
  ];
  for (const [name, file, message] of cases) {
    it(name, async () => {
      const error = await failure(openCheckpoint(file));
      expect([error.code, error.message]).toEqual(["weights-format", expect.stringMatching(message)]);
    });
  }
});

it("an ONNX file is a network, which others read", async () => {
  const { format, tensors } = await openCheckpoint(bytes(8, 7, 0x12, 7, "pytorch"));
  expect([format, tensors.size]).toEqual(["onnx", 0]);
});

describe("openSource", () => {
  const file = golden("progan-tiny.half.pth");
  const sha = "b".repeat(64);
  const own = (size: unknown, read: unknown) => ({ name: "own", size, read }) as Source;

  it("takes buffers, views, Blobs, Files and sources", async () => {
    const inside = new Uint8Array(file.length + 3);
    inside.set(file, 3);
    const source = await openSource(file);
    for (const like of [file.buffer, file, inside.subarray(3), Buffer.from(file), new Blob([file]), source]) {
      const opened = await openSource(like);
      expect(opened.size).toBe(file.length);
      expect(await opened.read(5, 9)).toEqual(file.slice(5, 9));
    }
    expect((await openSource(new File([file], "g.pth"))).name).toBe("g.pth");
  });

  it("refuses what is none", async () => {
    const likes: unknown[] = [
      undefined,
      null,
      3,
      {},
      own(-1, () => {}),
      own(3, undefined),
      own("3", () => {}),
      "models/g.pth",
      "C:\\g.pth",
      new URL("file:///g.pth"),
      "ftp://host/g.pth",
    ];
    for (const like of likes) expect((await failure(openSource(like as SourceLike))).code, String(like)).toBe("usage");
    expect((await failure(openSource("models/g.pth"))).message).toMatch(
      /"models\/g\.pth" is not a URL.*await fileSource\(path\)/,
    );
    const early = Promise.resolve(new Blob()) as unknown as Blob;
    expect((await failure(openSource(early))).message).toBe(
      "This is a promise of a file. Await it, as in await fileSource(path).",
    );
  });

  it("checks sha256 of local bytes, in full or by torch.hub's prefix", async () => {
    const digest = Buffer.from(await crypto.subtle.digest("SHA-256", file)).toString("hex");
    for (const sha256 of [digest, digest.toUpperCase(), digest.slice(0, 8)]) {
      for (const like of [file, new Blob([file])]) {
        expect((await openCheckpoint(like, { sha256 })).tensors.size).toBe(18);
      }
    }
    const error = await failure(openSource(file, { sha256: sha }));
    expect(error.code).toBe("weights-integrity");
    expect(error.message).toMatch(`SHA-256 ${digest}, expected ${sha}`);
    for (const sha256 of ["", "abc", `${digest}0`, "z".repeat(64)]) {
      expect((await failure(openSource(file, { sha256 }))).code, sha256).toBe("usage");
    }
  });

  it("says so when the page is not secure enough to check a hash", async () => {
    const { crypto } = globalThis;
    Object.defineProperty(globalThis, "crypto", { value: {}, configurable: true });
    try {
      expect((await failure(openSource(file, { sha256: sha }))).code).toBe("insecure-context");
    } finally {
      Object.defineProperty(globalThis, "crypto", { value: crypto, configurable: true });
    }
  });

  it("a source that returns less than asked for is noticed", async () => {
    const short = own(file.length, async (start: number, end: number) => file.slice(start, end - 1));
    expect((await failure(openCheckpoint(short))).message).toMatch(/bytes were asked for/);
  });

  it("aborts with the signal's reason, even a source that never answers", async () => {
    const reason = new Error("enough");
    expect(await failure(openCheckpoint(file, { signal: AbortSignal.abort(reason) }))).toBe(reason);
    const control = new AbortController();
    const stuck = own(1000, () => {
      setTimeout(() => control.abort(reason), 5);
      return new Promise(() => {});
    });
    const opening = failure(openCheckpoint(stuck, { signal: control.signal }));
    expect(await opening).toBe(reason);

    const tensor = (await openCheckpoint(file)).tensors.get("layer1.conv.weight")!;
    expect(await failure(tensor.read({ signal: AbortSignal.abort(reason) }))).toBe(reason);
  });
});
