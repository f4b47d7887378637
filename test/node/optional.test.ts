import { execFile } from "node:child_process";
import { mkdir, mkdtemp, realpath, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { build } from "esbuild";
import { afterEach, beforeEach, describe, expect, test } from "vitest";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
let home: string;
/** Where a user is. */
let here: string;
beforeEach(async () => {
  home = await realpath(await mkdtemp(join(tmpdir(), "ganatomy-optional-")));
  here = join(home, "empty");
  await mkdir(here);
});
afterEach(() => rm(home, { recursive: true, force: true }));

const NPX = "npm/_npx/0123/node_modules/ganatomy/dist/cli.js";
const PROJECT = "project/node_modules/ganatomy/dist/cli.js";

/** What a program prints that is ganatomy's at `path`, called in `here`. */
async function ganatomy(path: string, code: string): Promise<unknown> {
  const outfile = join(home, path);
  await build({
    stdin: {
      contents: `import { findOptional, howToAdd, loadOptional, optionalVersion } from "./src/node/optional.ts";
        const puppeteer = () => loadOptional("puppeteer-core", () => import("puppeteer-core"));
        const dawn = () => loadOptional("webgpu", () => import("webgpu"));
        console.log(JSON.stringify(${code}));`,
      resolveDir: ROOT,
    },
    bundle: true,
    platform: "node",
    format: "esm",
    packages: "external",
    outfile,
  });
  await writeFile(join(dirname(outfile), "package.json"), '{ "type": "module" }');
  const { stdout } = await promisify(execFile)(process.execPath, [outfile], { cwd: here });
  return JSON.parse(stdout);
}

/** Puts a package of this tree beside who is called in `folder`. */
async function add(name: string, folder: string): Promise<void> {
  await mkdir(join(folder, "node_modules"), { recursive: true });
  await symlink(await realpath(join(ROOT, "node_modules", name)), join(folder, "node_modules", name), "junction");
}

describe("an optional package", () => {
  test("that npx cannot see is found where the user is, in a folder above too", async () => {
    await add("puppeteer-core", home);
    await add("webgpu", here);
    const loaded = await ganatomy(NPX, "[typeof (await puppeteer()).default.launch, typeof (await dawn()).create]");
    expect(loaded).toEqual(["function", "function"]);
    expect(await ganatomy(NPX, 'optionalVersion("webgpu")')).toMatch(/^\d+\.\d+\.\d+$/);
  });

  test("that is nowhere is missing, and npx needs another line than a project", async () => {
    const error = "await dawn().catch(({ code }) => code)";
    expect(await ganatomy(NPX, `[${error}, findOptional("webgpu") ?? null, howToAdd("webgpu")]`)).toEqual([
      "ERR_MODULE_NOT_FOUND",
      null,
      "Call it by `npx --package=ganatomy --package=webgpu ganatomy …`, or run `npm install webgpu` here",
    ]);
    expect(await ganatomy(PROJECT, `[${error}, howToAdd("webgpu")]`)).toEqual([
      "ERR_MODULE_NOT_FOUND",
      "Run `npm install webgpu`",
    ]);
  });

  // Who calls an installed program in a stranger's folder does not run what lies there.
  test("is not taken from the user's folder but for npx", async () => {
    await add("webgpu", here);
    const code = '[await dawn().catch(({ code }) => code), findOptional("webgpu") ?? null]';
    expect(await ganatomy(PROJECT, code)).toEqual(["ERR_MODULE_NOT_FOUND", null]);
  });

  test("beside ours goes before the user's", async () => {
    await add("webgpu", here);
    await add("webgpu", join(home, "npm/_npx/0123"));
    expect(await ganatomy(NPX, 'findOptional("webgpu")')).toBe(join(home, "npm/_npx/0123/node_modules/webgpu"));
  });
});
