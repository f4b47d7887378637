// Tests: test/node/adapter.test.ts
import { readFileSync } from "node:fs";
import { UnsupportedError } from "../errors.ts";
import { canFetchSwiftShader, fetchSwiftShader, run } from "./swiftshader.ts";
import { findSwiftShader, hasChosenDrivers, loadVulkan } from "./vulkan.ts";

/** What installs a software Vulkan driver on each Linux that can be told apart. */
const PACKAGES: readonly {
  readonly system: RegExp;
  readonly command: readonly string[];
  readonly packages: readonly string[];
}[] = [
  // Ubuntu's Chromium is a snap, which neither root in a container nor Dawn can use; its Mesa is
  // new enough.
  {
    system: /\b(ubuntu|pop|linuxmint)\b/,
    command: ["apt-get", "install"],
    packages: ["mesa-vulkan-drivers", "libvulkan1"],
  },
  { system: /\b(debian|raspbian)\b/, command: ["apt-get", "install"], packages: ["chromium", "libvulkan1"] },
  {
    system: /\b(fedora|rhel|centos)\b/,
    command: ["dnf", "install"],
    packages: ["mesa-vulkan-drivers", "vulkan-loader"],
  },
  { system: /\b(arch|manjaro)\b/, command: ["pacman", "-S"], packages: ["vulkan-swrast", "vulkan-icd-loader"] },
  { system: /\b(suse|opensuse\S*)\b/, command: ["zypper", "install"], packages: ["libvulkan_lvp", "libvulkan1"] },
];

/** What to do on this machine to get an adapter, as a sentence for the end of a message. */
export function howToGetAdapter(platform: NodeJS.Platform = process.platform, release = osRelease()): string {
  if (platform === "darwin")
    return "Every Mac since 2012 has Metal: update macOS, and in a virtual machine enable its GPU.";
  if (platform === "win32")
    return "Install the graphics driver's update; Windows' own software adapter needs Direct3D 12.";
  const known = PACKAGES.find(({ system }) => system.test(release));
  if (!known)
    return "Install a Vulkan driver for the GPU, or Mesa's software driver (lavapipe) and the Vulkan loader (libvulkan.so.1).";
  const command = [...known.command, ...known.packages].join(" ");
  return `Install a Vulkan driver for the GPU; without a GPU, a software driver: \`${command}\`.`;
}

/** Whether the system's own means can do it without asking anybody: Debian or Ubuntu, as root. */
export function canInstall(platform: NodeJS.Platform = process.platform, release = osRelease()): boolean {
  return platform === "linux" && process.getuid?.() === 0 && aptPackages(release) !== undefined;
}

/**
 * Whether `installSoftwareAdapter` can do it and would change anything: not when the drivers were
 * chosen by hand, or SwiftShader is here already.
 */
export function installHelps(): boolean {
  return (canInstall() || canFetchSwiftShader()) && !hasChosenDrivers() && !(findSwiftShader() && loadVulkan());
}

/**
 * Gets a software adapter: by apt as root on Debian and its kin, elsewhere on Linux from npm. Only
 * programs call this that a person started for it (the command line, the tests' set-up), never the
 * library.
 * @throws UnsupportedError where it cannot, saying what to install.
 */
export async function installSoftwareAdapter(
  announce: (line: string) => void,
  { signal }: { signal?: AbortSignal | undefined } = {},
): Promise<void> {
  try {
    if (canInstall()) await installByApt(announce, signal);
    else if (canFetchSwiftShader()) await fetchSwiftShader(announce, { signal });
    else throw new UnsupportedError("no-adapter", "No WebGPU adapter was found on this machine.", howToGetAdapter());
  } catch (cause) {
    signal?.throwIfAborted();
    if (cause instanceof UnsupportedError) throw cause;
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new UnsupportedError("no-adapter", `A software adapter could not be installed: ${why}.`, howToGetAdapter(), {
      cause,
    });
  }
}

async function installByApt(announce: (line: string) => void, signal: AbortSignal | undefined): Promise<void> {
  const packages = aptPackages(osRelease()) ?? [];
  announce(`No GPU here: installing a software adapter (apt-get install ${packages.join(" ")}). This happens once.`);
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  await run("apt-get", ["update", "--quiet=2"], signal, env);
  await run("apt-get", ["install", "--yes", "--quiet=2", "--no-install-recommends", ...packages], signal, env);
}

function aptPackages(release: string): readonly string[] | undefined {
  const known = PACKAGES.find(({ system }) => system.test(release));
  return known?.command[0] === "apt-get" ? known.packages : undefined;
}

/**
 * ID and ID_LIKE of this Linux, empty elsewhere. The own name comes first, so that Ubuntu is not
 * taken for its parent.
 */
function osRelease(): string {
  try {
    const text = readFileSync("/etc/os-release", "utf8");
    const field = (name: string): string => new RegExp(`^${name}="?([^"\\n]*)`, "m").exec(text)?.[1] ?? "";
    return `${field("ID")} ${field("ID_LIKE")}`.toLowerCase();
  } catch {
    return "";
  }
}
