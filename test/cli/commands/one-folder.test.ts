import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { built } from "../../built.ts";
import { run, SLOW, start } from "../ganatomy.ts";

let home: string;
beforeAll(async () => {
  await built();
  home = await mkdtemp(join(tmpdir(), "ganatomy-one-folder-"));
});
afterAll(() => rm(home, { recursive: true, force: true }));

const ablate = (units: string, pictures: string, outdir: string): readonly string[] => [
  "ablate",
  "--units",
  units,
  "--size",
  "4",
  "--pictures",
  pictures,
  "--layer",
  "layer4",
  "--outdir",
  outdir,
];

const files = async (outdir: string): Promise<string[]> =>
  (await readdir(join(home, outdir), { recursive: true })).sort();
const contents = async (outdir: string): Promise<Record<string, string>> => {
  const shown = (await files(outdir)).filter((name) => /effect|image|before/.test(name));
  return Object.fromEntries(
    await Promise.all(
      shown.map(async (name) => [name, (await readFile(join(home, outdir, name))).toString("base64")] as const),
    ),
  );
};

test("a folder shows one edit: what another run wrote of others goes", async () => {
  expect((await run(ablate("1", "2", "shared"), { cwd: home })).status).toBe(0);
  expect(Object.keys(await contents("shared"))).toEqual([
    "before-after.png",
    "effect.json",
    "image_0.png",
    "image_1.png",
  ]);
  expect((await run(ablate("2", "0", "shared"), { cwd: home })).status).toBe(0);
  expect((await run(ablate("2", "0", "fresh"), { cwd: home })).status).toBe(0);
  expect(await contents("shared")).toEqual(await contents("fresh"));
  expect(Object.keys(await contents("shared"))).toEqual(["effect.json"]);
});

test("of two runs at once one has the folder, and the other is told who", async () => {
  const first = start(ablate("1", "1", "both"), { cwd: home, env: SLOW });
  const second = start(ablate("2", "1", "both"), { cwd: home, env: SLOW });
  const [a, b] = await Promise.all([first.ended, second.ended]);
  expect([a.status, b.status].sort()).toEqual([0, 5]);
  const refused = a.status === 5 ? a : b;
  expect(refused.stderr).toMatch(/"both" is being written by process \d+ on \S+, since \d{4}-/);
  expect(refused.stderr).toMatch(/fix: Wait until it is done, or choose another --outdir/);
  const units = a.status === 0 ? "1" : "2";
  expect((await run(ablate(units, "1", "alone"), { cwd: home, env: SLOW })).status).toBe(0);
  expect(await contents("both")).toEqual(await contents("alone"));
  expect(await files("both")).not.toContain(".ganatomy.lock");
});

test.each(["SIGINT", "SIGTERM", "SIGHUP"] as const)("%s leaves no lock and no half file", async (signal) => {
  const args = ["dissect", "--size", "64", "--layers", "layer2", "--outdir", signal];
  const running = start(args, { cwd: home, env: SLOW });
  await running.said(/activations/);
  running.kill(signal);
  const { status } = await running.ended;
  expect(status).toBe(130);
  const left = (await readdir(home)).includes(signal) ? await files(signal) : [];
  expect(left.filter((name) => /\.lock|\.tmp/.test(name))).toEqual([]);
});

test("what cannot be printed is said, and is the output's fault", async () => {
  if (process.platform !== "linux") return;
  const { spawnSync } = await import("node:child_process");
  const cli = join(import.meta.dirname, "../../../dist/cli.js");
  const { status, stderr } = spawnSync("sh", ["-c", `"${process.execPath}" "${cli}" doctor --json > /dev/full`], {
    encoding: "utf8",
  });
  expect([status, stderr]).toEqual([5, expect.stringContaining("the disk is full")]);
});
