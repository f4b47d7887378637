// The builds that are compared, each with caches of its own.
import { execFile } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { mkdir, symlink } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { library, ROOT } from "../hosts/build.mjs";

const call = promisify(execFile);
const git = async (...args) => (await call("git", ["-C", ROOT, ...args], { encoding: "utf8" })).stdout.trim();

/** What git knew at a revision, built in a folder; with the packages installed here. */
export async function buildRevision(revision, folder) {
  const commit = await git("rev-parse", "--verify", "--end-of-options", `${revision}^{commit}`).catch(() => {
    throw new Error(`git knows no revision ${revision}.`);
  });
  const [root, archive] = [join(folder, "source"), join(folder, "source.tar")];
  await mkdir(root, { recursive: true });
  await git("archive", "--output", archive, commit);
  await call("tar", ["-xf", archive, "-C", root]);
  await symlink(join(ROOT, "node_modules"), join(root, "node_modules"));
  await build(root);
  return { root, label: `${revision} (${commit.slice(0, 7)})` };
}

/** The working tree, built where it is. */
export async function buildWorkingTree() {
  await build(ROOT);
  const changed = await git("status", "--porcelain", "--untracked-files=no");
  const commit = (await git("rev-parse", "--short=7", "HEAD")) + (changed === "" ? "" : " and changes");
  return { root: ROOT, label: `working tree (${commit})` };
}

const build = (root) => call(process.execPath, [join(root, "scripts/build.mjs"), "--quick"], { cwd: root });

/** Where distributions put the manifests of Vulkan drivers. */
const MANIFESTS = ["/usr/share/vulkan/icd.d", "/usr/local/share/vulkan/icd.d", "/etc/vulkan/icd.d"];

/** The environment that chooses an adapter, for both builds. */
export async function environmentOf(adapter, folder) {
  if (adapter === "default") return {};
  let path;
  if (adapter === "lavapipe") {
    const manifests = MANIFESTS.filter(existsSync).flatMap((at) => readdirSync(at).map((name) => join(at, name)));
    path = manifests.find((name) => /\/lvp_icd.*\.json$/.test(name));
  } else if (adapter === "swiftshader") {
    path = (await library("src/node/vulkan.ts", folder)).findSwiftShader();
  } else throw new Error(`There is no adapter ${adapter}; there are default, lavapipe and swiftshader.`);
  if (!path) throw new Error(`No ${adapter} was found on this machine.`);
  // The loader complains when there is no XDG_RUNTIME_DIR, which nothing here needs.
  return { VK_DRIVER_FILES: path, XDG_RUNTIME_DIR: process.env.XDG_RUNTIME_DIR ?? "/tmp" };
}
