import { afterEach, describe, expect, test, vi } from "vitest";
import { howToGetAdapter, howToGetWebGpu } from "../../src/runtime/advice.ts";
import { entryPoint, noAdapter } from "../../src/runtime/host.ts";

afterEach(() => vi.unstubAllGlobals());

const LINUX = "Mozilla/5.0 (X11; Linux x86_64; rv:153.0) Gecko/20100101 Firefox/153.0";
const AGENTS = {
  "Firefox 153 on Linux": LINUX,
  "Firefox 140 on Windows": "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0",
  "Firefox 153 on a Mac": "Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:153.0) Gecko/20100101 Firefox/153.0",
  "Firefox 145 on a Mac": "Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:145.0) Gecko/20100101 Firefox/145.0",
  "Firefox on Android": "Mozilla/5.0 (Android 15; Mobile; rv:153.0) Gecko/153.0 Firefox/153.0",
  "Chrome 156 on Windows":
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36",
  "Safari 26":
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.1 Safari/605.1.15",
  "Chrome 156 on Linux":
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36",
  "Chrome 100":
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/100.0.0.0 Safari/537.36",
  "Chrome 119 on Android":
    "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/119.0.0.0 Mobile Safari/537.36",
  "Safari 18":
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Safari/605.1.15",
  "an iPhone":
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/150.0 Mobile/15E148 Safari/604.1",
  Node: "Node.js/20",
} as const;

describe("without WebGPU", () => {
  test.each<[keyof typeof AGENTS, RegExp]>([
    ["Firefox 153 on Linux", /^On Linux, .*about:config.*dom\.webgpu\.enabled.*gfx\.webgpu\.ignore-blocklist/],
    ["Firefox 140 on Windows", /^Update Firefox: .* 141\.$/],
    ["Firefox 153 on a Mac", /^On Macs without Apple silicon use Chrome.*about:config/],
    ["Firefox 145 on a Mac", /^Update Firefox: .* 147\.$/],
    ["Firefox on Android", /^Use Chrome 121 or newer/],
    ["Chrome 156 on Linux", /^On Linux, .*chrome:\/\/flags.*#enable-unsafe-webgpu.*#enable-vulkan/],
    ["Chrome 156 on Windows", /^WebGPU is off here: .*chrome:\/\/flags/],
    ["Chrome 100", /^Update this browser: .* 113\.$/],
    ["Chrome 119 on Android", /^Update this browser: .* 121\.$/],
    ["Safari 18", /^Update to Safari 26/],
    ["Safari 26", /^Safari 26 has WebGPU on macOS 26; .*feature flags/],
    ["an iPhone", /^Update to iOS 26/],
    ["Node", /findGpu/],
  ])("%s is told what to do", (name, advice) => expect(howToGetWebGpu(AGENTS[name])).toMatch(advice));

  test("Firefox 153 is not told to become 141", () => expect(howToGetWebGpu(LINUX)).not.toContain("141"));

  test("the error has the advice for the browser that it is in", async () => {
    vi.stubGlobal("isSecureContext", true);
    vi.stubGlobal("navigator", { userAgent: LINUX });
    await expect(entryPoint()).rejects.toThrow(/dom\.webgpu\.enabled/);
    vi.stubGlobal("isSecureContext", false);
    await expect(entryPoint()).rejects.toThrow(/https:/);
  });
});

describe("without an adapter", () => {
  test.each<[keyof typeof AGENTS, RegExp]>([
    ["Firefox 153 on Linux", /gfx\.webgpu\.ignore-blocklist/],
    ["Chrome 156 on Linux", /#enable-vulkan/],
    ["Chrome 100", /chrome:\/\/gpu/],
    ["Node", /ganatomy doctor/],
  ])("%s is told what to do", (name, advice) => expect(howToGetAdapter(AGENTS[name])).toMatch(advice));

  test("the error has the advice for the browser that it is in", async () => {
    vi.stubGlobal("navigator", { userAgent: LINUX });
    expect((await noAdapter()).fix).toMatch(/about:support/);
  });
});
