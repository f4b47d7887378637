import { describe, expect, test } from "vitest";
import { givenBy } from "../../studio/given.ts";

const PAGE = "https://example.org/gan/studio/?open=given/open.json#s=abc";
const answering =
  (contents: unknown, asked: string[] = []): typeof fetch =>
  async (address) => {
    asked.push(String(address));
    return contents === undefined ? new Response(null, { status: 404 }) : new Response(JSON.stringify(contents));
  };

describe("what the address asks for", () => {
  test("nothing, unless it says so", async () => {
    expect(await givenBy("https://example.org/gan/studio/#s=abc", answering({}))).toBeUndefined();
  });

  test("files beside the one that it names", async () => {
    const asked: string[] = [];
    const open = {
      generator: "generator/church%20(1).pth",
      name: "church",
      report: "report.json",
      rankings: "dissect.json",
      segmenter: { weights: "segmenter/w.safetensors", labels: "../labels.json" },
      network: { truncation: 0.7 },
      classes: ["church"],
      quantiles: { layer4: "quantiles/layer4.npz" },
    };
    const at = "https://example.org/gan/studio/given";
    expect(await givenBy(PAGE, answering(open, asked))).toEqual({
      generator: `${at}/generator/church%20(1).pth`,
      name: "church",
      report: `${at}/report.json`,
      rankings: `${at}/dissect.json`,
      segmenter: { weights: `${at}/segmenter/w.safetensors`, labels: "https://example.org/gan/studio/labels.json" },
      network: { truncation: 0.7 },
      classes: ["church"],
      quantiles: { layer4: `${at}/quantiles/layer4.npz` },
    });
    expect(asked).toEqual([`${at}/open.json`]);
    expect(await givenBy(PAGE, answering({ generator: "g", segmenter: "self" }))).toMatchObject({ segmenter: "self" });
    const latents = `${at}/z.npy`;
    expect(await givenBy(PAGE, answering({ generator: "g", latents: "z.npy" }))).toMatchObject({ latents });
    expect(await givenBy(PAGE, answering({ latents: "z.npy" }))).toEqual({ latents });
  });

  test.each([
    ["not there", undefined, /answered 404/],
    ["no object", 7, /no JSON object/],
    ["without a generator", { name: "church" }, /names no generator/],
    ["of latents and a report without a generator", { latents: "z", report: "r.json" }, /names no generator/],
    ["with latents of another host", { latents: "//elsewhere.org/z.npy" }, /elsewhere/],
    ["with something unknown", { generator: "g", generatr: "h" }, /says "generatr"/],
    ["of another host", { generator: "https://elsewhere.org/g.pth" }, /opens nothing from "https:\/\/elsewhere/],
    ["with quantiles of another host", { generator: "g", quantiles: { a: "//elsewhere.org/q" } }, /elsewhere/],
    ["with quantiles that are no files", { generator: "g", quantiles: 3 }, /quantiles is no list of files/],
    ["of no host", { generator: "javascript:alert(1)" }, /opens nothing from/],
    ["with a number for a file", { generator: "g", report: 3 }, /opens nothing from "3"/],
    ["with a segmenter of another host", { generator: "g", segmenter: { weights: "//elsewhere.org/w" } }, /elsewhere/],
    ["with a segmenter that is no list", { generator: "g", segmenter: 3 }, /no list of files/],
  ])("one that is %s is refused", async (_, contents, message) => {
    await expect(givenBy(PAGE, answering(contents))).rejects.toThrow(message);
  });

  test("a link leads to no other host", async () => {
    const page = "https://example.org/studio/?open=https://elsewhere.org/open.json";
    await expect(givenBy(page, answering({ generator: "g" }))).rejects.toThrow(/opens nothing from/);
  });

  test("a server that is gone is said", async () => {
    const gone = () => Promise.reject(new TypeError("Failed to fetch"));
    await expect(givenBy(PAGE, gone)).rejects.toThrow(/Is the server still there/);
  });
});
