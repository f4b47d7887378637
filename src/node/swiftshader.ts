import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { brotliDecompress } from "node:zlib";
import { cacheFolder } from "./cache.ts";

/**
 * npm's package of a Chromium for servers, in which SwiftShader and a Vulkan loader are an archive
 * of their own: 3.5 of its 68 MB. They ask for glibc 2.17 and nothing else of a system. The package
 * is MIT's, SwiftShader and the loader have Apache's licence 2.0.
 */
const PACKAGE = "@sparticuz/chromium";
const VERSION = "147.0.0";
const ARCHIVE = "package/bin/swiftshader.tar.br";
const SHA256 = "f957ea867313f9815b71dc2ed30cce301e01db4f3973fbdb31ffa5391b0ec45a";
const FILES = ["vk_swiftshader_icd.json", "libvk_swiftshader.so", "libvulkan.so.1"];

/** Where `fetchSwiftShader` puts them. */
export const swiftShaderFolder = (): string => join(cacheFolder(), `swiftshader-${VERSION}`);

/** Whether these libraries run on this system: Linux on x64 with glibc. */
export const canFetchSwiftShader = (platform: NodeJS.Platform = process.platform, arch = process.arch): boolean =>
  platform === "linux" && arch === "x64" && glibc() !== undefined;

const glibc = (): string | undefined =>
  (process.report.getReport() as { header?: { glibcVersionRuntime?: string } }).header?.glibcVersionRuntime;

/**
 * Downloads SwiftShader from the registry that npm is set to, checks it against the hash that is
 * written here, and keeps it in `swiftShaderFolder()`. Needs npm and tar, no rights on the system.
 * @throws Error that says what went wrong; nothing half done stays.
 */
export async function fetchSwiftShader(
  announce: (line: string) => void,
  { signal, folder = swiftShaderFolder() }: { signal?: AbortSignal | undefined; folder?: string } = {},
): Promise<void> {
  announce(`No GPU here: fetching a software adapter from npm (${PACKAGE}, 68 MB). This happens once.`);
  await mkdir(dirname(folder), { recursive: true });
  await removeAbandoned(folder);
  const work = await mkdtemp(`${folder}.`);
  try {
    await run(
      "npm",
      ["pack", "--silent", "--ignore-scripts", `--pack-destination=${work}`, `${PACKAGE}@${VERSION}`],
      signal,
    );
    const [tarball] = await readdir(work);
    if (!tarball) throw new Error("npm pack wrote nothing");
    await run("tar", ["-xzf", join(work, tarball), "-C", work, ARCHIVE], signal);
    const packed = await readFile(join(work, ARCHIVE));
    const sha256 = createHash("sha256").update(packed).digest("hex");
    if (sha256 !== SHA256)
      throw new Error(`${ARCHIVE} of ${PACKAGE}@${VERSION} is not what it was (SHA-256 ${sha256})`);
    const archive = join(work, "swiftshader.tar");
    await writeFile(archive, await promisify(brotliDecompress)(packed));
    const whole = join(work, "whole");
    await mkdir(whole);
    await run("tar", ["-xf", archive, "-C", whole, "--no-same-owner", ...FILES], signal);
    // Another command may have been faster.
    await rename(whole, folder).catch((error) => {
      if (!existsSync(join(folder, FILES[0]!))) throw error;
    });
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** Removes what a download left that was killed: a living one is done within the hour. */
async function removeAbandoned(folder: string): Promise<void> {
  for (const name of await readdir(dirname(folder))) {
    const path = join(dirname(folder), name);
    if (!path.startsWith(`${folder}.`)) continue;
    const { mtimeMs } = await stat(path);
    if (Date.now() - mtimeMs > 3_600_000) await rm(path, { recursive: true, force: true });
  }
}

/** Runs a program quietly; the end of what it printed is told only if it failed. */
export async function run(
  program: string,
  args: readonly string[],
  signal: AbortSignal | undefined,
  env = process.env,
): Promise<void> {
  const child = spawn(program, args, { env, stdio: ["ignore", "pipe", "pipe"], ...(signal && { signal }) });
  let said = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      said = `${said}${text}`.slice(-2000);
    });
  }
  const status = await new Promise<number | null>((resolve, reject) =>
    child.once("error", reject).once("close", resolve),
  );
  if (status === 0) return;
  throw new Error(`${program} ${args[0]} ended with status ${status}: ${said.trim().split("\n").at(-1) ?? ""}`);
}
