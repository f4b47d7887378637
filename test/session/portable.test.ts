import { afterEach, describe, expect, test, vi } from "vitest";
import { portable } from "../../src/session/portable.ts";

afterEach(() => vi.unstubAllGlobals());

describe("what is to be loaded", () => {
  test("crosses as plain data, without what stays here", () => {
    const bytes = new ArrayBuffer(4);
    const file = new Blob(["x"]);
    const report = { netname: "a" };
    expect(
      portable({
        generator: new URL("http://127.0.0.1/g.pth"),
        segmenter: { weights: bytes, labels: file },
        report,
        quantiles: { layer4: file },
        name: "a",
        signal: new AbortController().signal,
        onProgress: () => {},
      }),
    ).toEqual({
      generator: "http://127.0.0.1/g.pth",
      segmenter: { weights: bytes, labels: file },
      ...{ report, quantiles: { layer4: file }, name: "a" },
    });
    expect(portable({ segmenter: "self" })).toEqual({ segmenter: "self" });
  });

  test("is found from where the page is, or the worker that asks", () => {
    expect(portable({ generator: "g.pth" })).toEqual({ generator: "g.pth" });
    vi.stubGlobal("location", { href: "http://127.0.0.1/w/worker.js" });
    expect(portable({ generator: "g.pth" })).toEqual({ generator: "http://127.0.0.1/w/g.pth" });
    vi.stubGlobal("document", { baseURI: "http://127.0.0.1/base/" });
    expect(portable({ generator: "g.pth", segmenter: { weights: "../s", labels: "/l" } })).toEqual({
      generator: "http://127.0.0.1/base/g.pth",
      segmenter: { weights: "http://127.0.0.1/s", labels: "http://127.0.0.1/l" },
    });
  });

  test.each([new Request("http://127.0.0.1/"), { read: () => {} }, new Map()])("cannot be %s", (generator) =>
    expect(() => portable({ generator: generator as never })).toThrow(/given as generator cannot be sent to a worker/),
  );
});
