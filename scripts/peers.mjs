// The packages that ours is measured and checked beside are in a node_modules of their own:
// `npm ci` of the repository leaves out their third of a gigabyte, and what needs them (tests,
// types, bench) installs them at its first run. By hand: `node scripts/peers.mjs`.
import { spawnSync } from "node:child_process";
import { copyFileSync, lstatSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const FOLDER = new URL("../bench/", import.meta.url);
/** What was locked when they were installed. */
const INSTALLED = "node_modules/.installed.json";

/**
 * Installs what `bench/package-lock.json` names unless it is there.
 *
 * @param {(line: string) => void} [say] told before a download begins
 * @throws {Error} if npm cannot, with the command that shows why
 */
export function installPeers(say = (line) => console.error(line), folder = FOLDER) {
  const lock = new URL("package-lock.json", folder);
  const installed = new URL(INSTALLED, folder);
  if (textOf(installed) === readFileSync(lock, "utf8")) return;
  if (lstatSync(new URL("node_modules", folder), { throwIfNoEntry: false })?.isSymbolicLink()) {
    // npm would empty the folder that it leads to, which may be another clone's
    throw new Error("bench/node_modules is a link to what another lock names: remove it, and it is installed here.");
  }
  say("Installing the libraries we are measured beside (npm ci in bench/). This happens once.");
  const options = {
    cwd: fileURLToPath(folder),
    stdio: ["ignore", "ignore", "inherit"],
    shell: process.platform === "win32",
  };
  // Of what npm was told in the program that started this one, nothing holds for this folder.
  const env = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^npm_(package|lifecycle|config_local)/.test(name)),
  );
  const { status, error } = spawnSync("npm", ["ci", "--ignore-scripts", "--no-fund", "--no-audit"], {
    ...options,
    env,
  });
  if (status !== 0) {
    throw new Error("npm could not install what bench/package-lock.json names: `npm ci --prefix bench` says why.", {
      cause: error,
    });
  }
  copyFileSync(lock, installed);
}

/** The text of a file, if there is one. */
function textOf(file) {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) installPeers();
