import { execFile } from "node:child_process";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { isBuilt } from "../scripts/build.mjs";

const ROOT = fileURLToPath(new URL("../", import.meta.url));
/** Names the process that builds. */
const BUILDING = join(ROOT, "dist/.building");

/**
 * Sees to it that dist/ is what the sources make as they are now, with declarations if it is to be
 * whole: no test runs an old one, and only the first of all test files that finds an old one
 * builds.
 */
export async function built({ whole = false }: { readonly whole?: boolean } = {}): Promise<void> {
  await mkdir(join(ROOT, "dist"), { recursive: true });
  while (!(await mine())) await setTimeout(100);
  try {
    if (await isBuilt({ quick: !whole })) return;
    // other test files may be running the scripts that are there
    const what = !whole ? ["--quick"] : (await isBuilt({ quick: true })) ? ["--declarations"] : [];
    const script = [join(ROOT, "scripts/build.mjs"), ...what];
    // its words are in the error if it fails
    await promisify(execFile)(process.execPath, script, { cwd: ROOT });
  } finally {
    await rm(BUILDING);
  }
}

/** Whether it is this process's turn to build. */
async function mine(): Promise<boolean> {
  try {
    await writeFile(BUILDING, `${process.pid}`, { flag: "wx" });
    return true;
  } catch {
    const pid = Number(await readFile(BUILDING, "utf8").catch(() => ""));
    if (pid && !isRunning(pid)) await rm(BUILDING, { force: true }); // it was ended while it built
    return false;
  }
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
