import { findChrome } from "../src/node/chrome.ts";
import { canInstall, installSoftwareAdapter } from "../src/node/install.ts";
import { findSwiftShader, loadVulkan } from "../src/node/vulkan.ts";

const isComplete = (): boolean =>
  findChrome() !== undefined && (process.platform !== "linux" || (findSwiftShader() !== undefined && !!loadVulkan()));

/**
 * Before all tests: the shaders' modules, and a Chromium with its software adapter, which is
 * installed where that can be done.
 */
export default async function setup(): Promise<void> {
  const { generate } = await import("../scripts/wgsl.mjs");
  await generate();
  if (!isComplete() && canInstall()) await installSoftwareAdapter((line) => console.error(line));
  if (!isComplete()) {
    throw new Error(
      "The tests run in Chromium and on its software adapter, SwiftShader, and one of them is " +
        "missing. Install Chromium " +
        "(Debian: `apt-get install chromium libvulkan1`), or name one with the environment " +
        "variable GANATOMY_CHROME.",
    );
  }
}
