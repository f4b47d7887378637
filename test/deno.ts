import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";

/**
 * The program in the package `deno`; its launcher unpacks it where npm did not, and would outlive a
 * timeout.
 */
export function deno(): string {
  const directory = new URL("../bench/node_modules/deno/", import.meta.url);
  const program = fileURLToPath(new URL("deno", directory));
  if (!existsSync(program)) execFileSync(process.execPath, [fileURLToPath(new URL("bin.cjs", directory)), "--version"]);
  return program;
}

/** What it must be told to find a software adapter, whose driver this is. */
export const denoEnvironment = (driver: string): NodeJS.ProcessEnv => ({
  ...process.env,
  VK_DRIVER_FILES: driver,
  // Chromium's own Vulkan loader, should the system have none
  LD_LIBRARY_PATH: dirname(driver),
  XDG_RUNTIME_DIR: "/tmp",
  DENO_NO_UPDATE_CHECK: "1",
});
