// Tests: test/node/adapter.test.ts
import { accessSync, constants, readdirSync, realpathSync, statSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, dirname, join } from "node:path";

/** Programs that are Chromium inside, best known first. */
const PROGRAMS = [
  "google-chrome-stable",
  "google-chrome",
  "chromium",
  "chromium-browser",
  "chrome",
  "microsoft-edge-stable",
  "microsoft-edge",
  "brave-browser",
];

const MAC = ["Google Chrome", "Chromium", "Google Chrome Canary", "Microsoft Edge", "Brave Browser"];
const WINDOWS = [
  ["Google", "Chrome", "Application", "chrome.exe"],
  ["Chromium", "Application", "chrome.exe"],
  ["Microsoft", "Edge", "Application", "msedge.exe"],
];
/** Where Linux distributions put the browser's own files; /usr/bin has scripts that start them. */
const LINUX = [
  "/usr/lib/chromium",
  "/usr/lib/chromium-browser",
  "/usr/lib64/chromium-browser",
  "/usr/lib64/chromium",
  "/opt/google/chrome",
  "/opt/google/chrome-beta",
  "/opt/microsoft/msedge",
  "/opt/brave.com/brave",
  "/snap/chromium/current/usr/lib/chromium-browser",
];

/**
 * The path of a Chrome, Chromium or Edge on this machine: `GANATOMY_CHROME`, the usual places, then
 * what puppeteer and playwright downloaded. Undefined when there is none.
 */
export function findChrome(env: NodeJS.ProcessEnv = process.env, platform = process.platform): string | undefined {
  const named = env["GANATOMY_CHROME"] || env["PUPPETEER_EXECUTABLE_PATH"] || env["CHROME_PATH"];
  if (named) return runs(named) ? named : undefined;
  return [...installed(env, platform), ...downloaded(env, platform)].find(runs);
}

/**
 * Folders that may hold Chromium's files beside the program: its Vulkan loader and SwiftShader
 * among them.
 */
export function chromiumFolders(env: NodeJS.ProcessEnv = process.env, platform = process.platform): string[] {
  const programs = [findChrome(env, platform), ...downloaded(env, platform)].filter((path) => path !== undefined);
  const folders = programs.flatMap((program) => realFolder(program));
  return [...new Set([...folders, ...(platform === "linux" ? LINUX : [])])];
}

function installed(env: NodeJS.ProcessEnv, platform: NodeJS.Platform): string[] {
  if (platform === "darwin") {
    const applications = ["/Applications", join(homedir(), "Applications")];
    return applications.flatMap((folder) => MAC.map((name) => `${folder}/${name}.app/Contents/MacOS/${name}`));
  }
  if (platform === "win32") {
    const roots = [env["PROGRAMFILES"], env["PROGRAMFILES(X86)"], env["LOCALAPPDATA"]].filter(
      (root) => root !== undefined,
    );
    return roots.flatMap((root) => WINDOWS.map((path) => join(root, ...path)));
  }
  const path = (env["PATH"] ?? "").split(delimiter).filter((folder) => folder !== "");
  const inPath = PROGRAMS.flatMap((name) => path.map((folder) => join(folder, name)));
  return [...inPath, "/opt/google/chrome/chrome", "/snap/bin/chromium"];
}

/** Browsers in the caches of puppeteer and playwright, newest version first. */
function downloaded(env: NodeJS.ProcessEnv, platform: NodeJS.Platform): string[] {
  const home = homedir();
  const puppeteer = join(env["PUPPETEER_CACHE_DIR"] ?? join(home, ".cache", "puppeteer"), "chrome");
  const playwright =
    env["PLAYWRIGHT_BROWSERS_PATH"] ??
    (platform === "darwin"
      ? join(home, "Library", "Caches", "ms-playwright")
      : platform === "win32"
        ? join(env["LOCALAPPDATA"] ?? home, "ms-playwright")
        : join(home, ".cache", "ms-playwright"));
  const program =
    platform === "darwin"
      ? "Google Chrome for Testing.app/Contents/MacOS/Google Chrome for Testing"
      : platform === "win32"
        ? "chrome.exe"
        : "chrome";
  return [puppeteer, playwright].flatMap((cache) =>
    newestFirst(cache)
      .filter((version) => cache === puppeteer || /^chromium-\d/.test(version))
      .flatMap((version) =>
        newestFirst(join(cache, version))
          .filter((folder) => folder.startsWith("chrome-"))
          .map((folder) => join(cache, version, folder, program)),
      ),
  );
}

function newestFirst(folder: string): string[] {
  try {
    return readdirSync(folder).sort((a, b) => b.localeCompare(a, "en", { numeric: true }));
  } catch {
    return [];
  }
}

function runs(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

function realFolder(program: string): string[] {
  try {
    return [dirname(realpathSync(program))];
  } catch {
    return [];
  }
}
