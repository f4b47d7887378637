import { spawnSync } from "node:child_process";
import { installPeers } from "../scripts/peers.mjs";
import { findChrome } from "../src/node/chrome.ts";
import { canInstall, installSoftwareAdapter } from "../src/node/install.ts";
import { findSwiftShader, loadVulkan } from "../src/node/vulkan.ts";
import { findFirefox } from "./browser/firefox.ts";

const isComplete = (): boolean =>
  findChrome() !== undefined && (process.platform !== "linux" || (findSwiftShader() !== undefined && !!loadVulkan()));

/** Debian's, by Debian's own means; where there is none, the tests that need it say so. */
function installFirefox(): void {
  console.error("No Firefox here: installing it (apt-get install firefox-esr). This happens once.");
  const options = { env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" } };
  spawnSync("apt-get", ["update", "--quiet=2"], options);
  spawnSync("apt-get", ["install", "--yes", "--quiet=2", "--no-install-recommends", "firefox-esr"], options);
}

/**
 * Before all tests: the shaders' modules, the libraries ours is checked beside, a Chromium with its
 * software adapter, and a Firefox, which are installed where that can be done.
 */
export default async function setup(): Promise<void> {
  const { generate } = await import("../scripts/wgsl.mjs");
  await generate();
  installPeers();
  if (!isComplete() && canInstall()) await installSoftwareAdapter((line) => console.error(line));
  if (!findFirefox() && !process.env["GANATOMY_FIREFOX"] && canInstall()) installFirefox();
  if (!isComplete()) {
    throw new Error(
      "The tests run in Chromium and on its software adapter, SwiftShader, and one of them is " +
        "missing. Install Chromium " +
        "(Debian: `apt-get install chromium libvulkan1`), or name one with the environment " +
        "variable GANATOMY_CHROME.",
    );
  }
}
