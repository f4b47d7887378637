import { spawn } from "node:child_process";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { built } from "../../built.ts";
import { ROOT } from "../ganatomy.ts";

// Runs: src/cli/main.ts, studio/studio.ts

beforeAll(() => built());

/** Starts it on a free port; its first line is where it is. */
function start(args: readonly string[]) {
  const child = spawn(process.execPath, [join(ROOT, "dist/cli.js"), "studio", ...args], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  let stderr = "";
  child.stderr.setEncoding("utf8").on("data", (text) => {
    stderr += text;
  });
  const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
  const url = new Promise<string>((resolve) => {
    child.stdout.setEncoding("utf8").once("data", (text: string) => resolve(text.trim()));
  });
  return { url, stop: () => child.kill("SIGINT"), ended, said: () => stderr };
}

describe("ganatomy studio", () => {
  test("prints its address, serves it, and ends with Ctrl-C", async () => {
    const { url, stop, ended } = start(["--port", "0"]);
    const page = await fetch(await url);
    expect(page.status).toBe(200);
    expect(await page.text()).toContain("Content-Security-Policy");
    stop();
    expect(await ended).toBe(0);
  });

  test("opens a checkpoint that is named", async () => {
    const { url, stop, ended } = start(["--port", "0", "--model", join(ROOT, "test/golden/progan-tiny.zip.pth")]);
    const address = new URL(await url);
    expect(address.search).toBe("?open=given/open.json");
    const open = await (await fetch(new URL("given/open.json", address))).json();
    expect(open).toEqual({ name: "progan-tiny.zip", generator: "generator/progan-tiny.zip.pth" });
    const checkpoint = await fetch(new URL(`given/${open.generator}`, address));
    expect([...new Uint8Array(await checkpoint.arrayBuffer()).subarray(0, 2)]).toEqual([0x50, 0x4b]);
    stop();
    expect(await ended).toBe(0);
  });

  test("says that a port is taken, and that a folder has no report", async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
    const { port } = other.address() as AddressInfo;
    const taken = start(["--port", `${port}`]);
    expect(await taken.ended).toBe(2);
    expect(taken.said()).toMatch(new RegExp(`Port ${port} of 127\\.0\\.0\\.1 is taken`));
    other.close();
    const empty = start([join(ROOT, "docs"), "--port", "0"]);
    expect(await empty.ended).toBe(4);
    expect(empty.said()).toMatch(/There is no report in/);
  });
});
