import { spawn } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { commandLine } from "../../../src/cli/program.ts";
import { findSwiftShader } from "../../../src/node/vulkan.ts";
import { built } from "../../built.ts";
import { dissection } from "../../server/scenes.ts";
import { ROOT } from "../ganatomy.ts";

// Runs: src/cli/main.ts

let home: string;
beforeAll(async () => {
  await built();
  home = await mkdtemp(join(tmpdir(), "ganatomy-serve-"));
  const provenance = { weights: [{ role: "generator", source: "scenes64" }] };
  const write = async (path: string, text: string) => {
    await mkdir(join(home, path, ".."), { recursive: true });
    await writeFile(join(home, path), text);
  };
  await write("reports/scenes/dissect.json", JSON.stringify(dissection));
  await write("reports/scenes/report.json", JSON.stringify({ provenance }));
  await write(
    "reports/other/dissect.json",
    JSON.stringify({ layers: [{ ...dissection.layers[0], units: [], rankings: [] }] }),
  );
  await write("clone/client_dist/index.html", "<p>client");
  await write("clone/netdissect/edit.html", "<p>editor");
  await write("clone/netdissect/server.py", "secret");
  await write("whole/client_dist/index.html", "<p>client");
  await write("whole/client_dist/ganpaint.html", "<p>painter");
});
afterAll(() => rm(home, { recursive: true, force: true }));

/** Starts it on a free port; its first address is where it listens. */
async function start(args: readonly string[]) {
  const child = spawn(process.execPath, [join(ROOT, "dist/cli.js"), "serve", ...args, "--port", "0", "--no-tune"], {
    env: { ...process.env, VK_DRIVER_FILES: process.env["VK_DRIVER_FILES"] ?? findSwiftShader() },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let [stdout, stderr] = ["", ""];
  child.stderr.setEncoding("utf8").on("data", (text) => {
    stderr += text;
  });
  const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
  const url = await new Promise<string>((resolve, reject) => {
    child.stdout.setEncoding("utf8").on("data", (text) => {
      stdout += text;
      const found = /^(http:\/\/[^/]+\/)\S*$/m.exec(stdout)?.[1];
      if (found && stdout.endsWith("\n")) resolve(found);
    });
    ended.then(() => reject(new Error(stderr)));
  });
  return { url, stdout: () => stdout, stop: () => child.kill("SIGINT"), ended };
}

describe("a server", () => {
  test("serves a report, its model, the clone's pages, and ends with Ctrl-C", async () => {
    const { url, stdout, stop, ended } = await start([join(home, "reports/scenes"), "--client", join(home, "clone")]);
    const text = async (path: string) => (await fetch(url + path)).text();
    expect(JSON.parse(await text("api/all_projects"))).toEqual([{ project: "scenes", info: { layers: ["layer4"] } }]);
    expect(await text("")).toBe("<p>client");
    expect(await text("data/scenes/edit.html")).toBe("<p>editor");
    expect((await fetch(`${url}data/scenes/server.py`)).status).toBe(404);
    const body = JSON.stringify({ project: "scenes", ids: [1] });
    const headers = { "content-type": "application/json" };
    const { res } = await (await fetch(`${url}api/generate`, { method: "POST", body, headers })).json();
    const picture = new Uint8Array(await (await fetch(new URL(res[0].d, url))).arrayBuffer());
    expect([...picture.subarray(0, 2)]).toEqual([0xff, 0xd8]);
    // What is not there is not named.
    expect(stdout().trimEnd().split("\n")).toEqual(
      ["client/index.html", "api/all_projects", "data/scenes/edit.html"].map((path) => url + path),
    );
    stop();
    expect(await ended).toBe(0);
  });

  test("answers those who know the token", async () => {
    const { url, stdout, stop, ended } = await start([
      ...[join(home, "reports/scenes"), "--client", join(home, "whole")],
      "--token",
      "s3cret",
      "--host",
      "0.0.0.0",
    ]);
    const port = new URL(url).port;
    expect((await fetch(`http://127.0.0.1:${port}/api/all_projects`)).status).toBe(401);
    const headers = { authorization: "Bearer s3cret" };
    expect((await fetch(`http://127.0.0.1:${port}/api/all_projects`, { headers })).status).toBe(200);
    expect(stdout()).toContain("/api/all_projects?token=s3cret");
    expect(stdout()).toMatch(/client\/ganpaint\.html\?expert=1&project=scenes&layer=layer4&ids=\.\.0,1.*&token=s3cret/);
    stop();
    expect(await ended).toBe(0);
  });
});

test.each<[what: string, args: () => string[], message: RegExp]>([
  ["no report", () => [join(home, "clone")], /There is no report/],
  ["other machines without a token", () => [join(home, "reports/scenes"), "--host", "0.0.0.0"], /Give a --token/],
  [
    "a site that is no origin",
    () => [join(home, "reports/scenes"), "--model", "scenes64", "--cors", "*"],
    /no origin of/,
  ],
  ["a clone of something else", () => [join(home, "reports/scenes"), "--client", home], /has no client_dist/],
  ["one model for two reports", () => [join(home, "reports"), "--model", "scenes64"], /holds 2 reports/],
  ["a report that names no model", () => [join(home, "reports/other"), "--no-tune"], /names no model that is here/],
  [
    "a report of another model",
    () => [join(home, "reports/other"), "--model", "scenes64", "--no-tune"],
    /is of another model/,
  ],
])("%s is refused", async (_, args, message) => {
  const line = commandLine("1.0.0", () => {});
  await expect(line.parseAsync(["serve", ...args()], { from: "user" })).rejects.toThrow(message);
});
