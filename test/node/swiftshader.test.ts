import { execFile } from "node:child_process";
import { chmod, mkdir, mkdtemp, readdir, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { canFetchSwiftShader, fetchSwiftShader, swiftShaderFolder } from "../../src/node/swiftshader.ts";
import { findSwiftShader } from "../../src/node/vulkan.ts";

let home: string;
let path: string | undefined;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), "ganatomy-swiftshader-"));
  path = process.env["PATH"];
});
afterEach(async () => {
  process.env["PATH"] = path;
  await rm(home, { recursive: true, force: true });
});

/** Puts a program before the system's. */
async function program(name: string, script: string): Promise<void> {
  const bin = join(home, "bin");
  await mkdir(bin, { recursive: true });
  await writeFile(join(bin, name), `#!/bin/sh\n${script}\n`);
  await chmod(join(bin, name), 0o755);
  process.env["PATH"] = `${bin}:${path}`;
}

test("these libraries run on Linux with glibc on x64", () => {
  expect(canFetchSwiftShader("linux", "arm64")).toBe(false);
  expect(canFetchSwiftShader("darwin", "x64")).toBe(false);
  expect(canFetchSwiftShader("win32", "x64")).toBe(false);
});

describe.runIf(canFetchSwiftShader())("SwiftShader from npm", () => {
  test("is a driver that Dawn takes, and is kept where it is looked for", async () => {
    const folder = join(home, "ganatomy", "kept");
    const said: string[] = [];
    await fetchSwiftShader((line) => said.push(line), { folder });
    expect(said).toEqual([expect.stringMatching(/from npm .* once/)]);
    expect((await readdir(folder)).sort()).toEqual([
      "libvk_swiftshader.so",
      "libvulkan.so.1",
      "vk_swiftshader_icd.json",
    ]);
    expect(await readdir(join(home, "ganatomy"))).toEqual(["kept"]);
    const manifest = findSwiftShader([folder]);
    const script = `
      const { create } = await import("webgpu");
      const gpu = (globalThis.gpu = create([]));
      console.log((await gpu.requestAdapter()).info.description);
      process.exit();`;
    const env = { ...process.env, VK_DRIVER_FILES: manifest };
    const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "-e", script], { env });
    expect(stdout).toMatch(/SwiftShader/);
    await fetchSwiftShader(() => {}, { folder }); // another command that was not the first
    expect(await readdir(join(home, "ganatomy"))).toEqual(["kept"]);
  });

  test("of another content, or none at all, leaves nothing behind", async () => {
    const folder = join(home, "cache", "kept");
    await program(
      "npm",
      'cd "$(echo "$4" | cut -d= -f2)" && mkdir -p package/bin\n' +
        "echo other > package/bin/swiftshader.tar.br\n" +
        "tar -czf p.tgz package && rm -r package",
    );
    await expect(fetchSwiftShader(() => {}, { folder })).rejects.toThrow(/is not what it was \(SHA-256 [0-9a-f]{64}\)/);
    const [killed, living] = [`${folder}.killed`, `${folder}.living`];
    for (const path of [killed, living]) await mkdir(path);
    await utimes(killed, 0, 0);
    await program("npm", "echo 'npm error code E404'; exit 1");
    await expect(fetchSwiftShader(() => {}, { folder })).rejects.toThrow(
      /npm pack ended with status 1: npm error code E404/,
    );
    expect(await readdir(join(home, "cache"))).toEqual(["kept.living"]);
  });

  test("is looked for in the user's cache", () => {
    const before = process.env["XDG_CACHE_HOME"];
    process.env["XDG_CACHE_HOME"] = home;
    try {
      expect(swiftShaderFolder()).toMatch(new RegExp(`^${join(home, "ganatomy", "swiftshader-")}`));
    } finally {
      if (before === undefined) delete process.env["XDG_CACHE_HOME"];
      else process.env["XDG_CACHE_HOME"] = before;
    }
  });
});
