import { execFile } from "node:child_process";
import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { build } from "esbuild";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { UnsupportedError } from "../../src/errors.ts";
import { chromiumFolders, findChrome } from "../../src/node/chrome.ts";
import { canInstall, howToGetAdapter, installSoftwareAdapter } from "../../src/node/install.ts";
import { findSwiftShader, hasGpuNode, loadVulkan, withEnvironment } from "../../src/node/vulkan.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
let home: string;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), "ganatomy-adapter-"));
});
afterEach(() => rm(home, { recursive: true, force: true }));

describe("the Vulkan loader", () => {
  test.each([
    ["Node's words for no addon", "Module did not self-register: 'libvulkan.so.1'.", "libvulkan.so.1"],
    ["Bun's", "symbol 'napi_register_module_v1' not found in native module.", "libvulkan.so.1"],
    ["the linker's for no library", "libvulkan.so.1: cannot open shared object file", undefined],
  ])("is known by %s", (_, said, found) => {
    const dlopen = vi.spyOn(process, "dlopen").mockImplementation(() => {
      throw new Error(said);
    });
    expect(loadVulkan([])).toBe(found);
    dlopen.mockRestore();
  });
});

describe("findGpu", () => {
  /**
   * Runs a program with findGpu in a process of its own: stderr is written by native code, past
   * Node.
   */
  async function program(code: string, env: NodeJS.ProcessEnv = {}): Promise<{ stdout: string; stderr: string }> {
    // where `webgpu` is found from
    const outfile = join(ROOT, "node_modules/.cache/ganatomy-test/gpu.mjs");
    await build({
      stdin: { contents: `import { findGpu } from "./src/node/gpu.ts";\n${code}`, resolveDir: ROOT },
      bundle: true,
      platform: "node",
      format: "esm",
      packages: "external",
      outfile,
    });
    const unchosen = { VK_DRIVER_FILES: undefined, VK_ICD_FILENAMES: undefined };
    return promisify(execFile)(process.execPath, [outfile], { env: { ...process.env, ...unchosen, ...env } });
  }

  test("finds an adapter without a word on stderr, keeps the environment as it was, and is one object", async () => {
    const { stdout, stderr } = await program(`
      const before = JSON.stringify(process.env);
      const gpu = await findGpu();
      const adapter = await gpu.requestAdapter();
      const device = await adapter.requestDevice();
      console.log(!!device, before === JSON.stringify(process.env), gpu === (await findGpu()));
      device.destroy();`);
    expect(stdout).toBe("true true true\n");
    if (!hasGpuNode()) expect(stderr).toBe(""); // what the drivers of a real GPU print is theirs
  });

  test.runIf(process.platform === "linux")("says so when the drivers that were chosen by hand are none", async () => {
    const { stdout } = await program(
      "await findGpu().catch((error) => console.log(error.name, error.code, error.message));",
      { VK_DRIVER_FILES: join(home, "no_icd.json"), VK_ICD_FILENAMES: "" },
    );
    expect(stdout).toMatch(/^UnsupportedError no-adapter The Vulkan drivers that VK_DRIVER_FILES .* Unset it/);
  });
});

describe("SwiftShader and GPUs", () => {
  test("the manifest is found beside the first Chromium that has one", async () => {
    expect(findSwiftShader([home])).toBeUndefined();
    await writeFile(join(home, "vk_swiftshader_icd.json"), "{}");
    expect(findSwiftShader(["/nowhere", home])).toBe(join(home, "vk_swiftshader_icd.json"));
  });

  test.each([
    ["dri/renderD128", true],
    ["nvidia0", true],
    ["dxg", true],
    ["dri/card0", false],
    ["tty0", false],
  ])("/dev/%s: a GPU? %s", async (node, expected) => {
    await mkdir(join(home, "dri"));
    await writeFile(join(home, node), "");
    expect(hasGpuNode(home)).toBe(expected);
    expect(hasGpuNode(join(home, "nothing"))).toBe(false);
  });

  test("the environment is put back, also after a failure", async () => {
    process.env["GANATOMY_TEST_A"] = "before";
    const seen: (string | undefined)[] = [];
    const run = withEnvironment({ GANATOMY_TEST_A: undefined, GANATOMY_TEST_B: "set" }, async () => {
      seen.push(process.env["GANATOMY_TEST_A"], process.env["GANATOMY_TEST_B"]);
      throw new Error("on purpose");
    });
    await expect(run).rejects.toThrow("on purpose");
    expect(seen).toEqual([undefined, "set"]);
    expect([process.env["GANATOMY_TEST_A"], process.env["GANATOMY_TEST_B"]]).toEqual(["before", undefined]);
    delete process.env["GANATOMY_TEST_A"];
  });
});

describe("Chrome", () => {
  async function program(...path: string[]): Promise<string> {
    const file = join(home, ...path);
    await mkdir(join(file, ".."), { recursive: true });
    await writeFile(file, "#!/bin/sh\n");
    await chmod(file, 0o755);
    return file;
  }

  test("the one that is named comes first, and no other is taken in its place", async () => {
    const mine = await program("mine");
    expect(findChrome({ GANATOMY_CHROME: mine, PATH: home })).toBe(mine);
    await program("chromium");
    expect(findChrome({ GANATOMY_CHROME: join(home, "gone"), PATH: home }, "linux")).toBeUndefined();
  });

  test("Chrome is taken before Chromium, a folder or a file without the right to run never", async () => {
    const chromium = await program("chromium");
    await mkdir(join(home, "google-chrome-stable"));
    await writeFile(join(home, "google-chrome"), "");
    expect(findChrome({ PATH: home }, "linux")).toBe(chromium);
    const chrome = await program("bin", "google-chrome");
    expect(findChrome({ PATH: `${home}:${join(home, "bin")}` }, "linux")).toBe(chrome);
  });

  test("puppeteer's newest download is found, and its folder searched for SwiftShader", async () => {
    await program("chrome", "linux-99.0.1", "chrome-linux64", "chrome");
    const newest = await program("chrome", "linux-131.0.2", "chrome-linux64", "chrome");
    const env = { PATH: "", PUPPETEER_CACHE_DIR: home };
    const found = findChrome(env, "linux");
    if (!found?.startsWith("/opt") && !found?.startsWith("/snap")) expect(found).toBe(newest);
    expect(chromiumFolders(env, "linux")).toContain(join(newest, ".."));
  });

  test("links are followed to the browser's own folder", async () => {
    const real = await program("opt", "chrome", "chrome");
    await mkdir(join(home, "bin"));
    await symlink(real, join(home, "bin", "google-chrome"));
    expect(chromiumFolders({ PATH: join(home, "bin") }, "linux")[0]).toBe(join(home, "opt", "chrome"));
  });
});

describe("what to install", () => {
  test.each([
    ["linux", "debian ", /apt-get install chromium libvulkan1/],
    ["linux", "ubuntu debian", /apt-get install mesa-vulkan-drivers/],
    ["linux", "fedora ", /dnf install mesa-vulkan-drivers/],
    ["linux", "arch ", /pacman -S vulkan-swrast/],
    ["linux", "hurd ", /libvulkan\.so\.1/],
    ["darwin", "", /Metal/],
    ["win32", "", /graphics driver/],
  ] as const)("%s %s", (platform, release, said) => expect(howToGetAdapter(platform, release)).toMatch(said));

  test("is installed by itself only on Debian and its kin", async () => {
    const isRoot = process.getuid?.() === 0;
    expect(canInstall("linux", "debian ")).toBe(isRoot);
    expect(canInstall("linux", "ubuntu debian")).toBe(isRoot);
    expect(canInstall("linux", "fedora ")).toBe(false);
    expect(canInstall("darwin", "")).toBe(false);
    if (!canInstall()) await expect(installSoftwareAdapter(() => {})).rejects.toThrow(UnsupportedError);
  });
});
