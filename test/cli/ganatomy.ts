import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { findSwiftShader } from "../../src/node/vulkan.ts";

// Runs: src/cli/main.ts

export const ROOT = fileURLToPath(new URL("../../", import.meta.url));
export const EMBEDDED = join(ROOT, "weights/scenes64");
export const GOLDEN = join(ROOT, "test/golden");
const CLI = join(ROOT, "dist/cli.js");

const SWIFTSHADER = findSwiftShader();
/**
 * Chrome's own adapter, for runs that are compared with Chrome's, and those that have to last a
 * while. Others are on the adapter of all tests, which may start far sooner: this one compiles anew
 * in every process.
 */
export const SLOW: NodeJS.ProcessEnv =
  process.platform === "linux" && SWIFTSHADER ? { VK_DRIVER_FILES: SWIFTSHADER } : {};

export interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Running {
  /** Resolves as soon as stderr matches. */
  said(pattern: RegExp): Promise<void>;
  interrupt(): void;
  kill(signal: NodeJS.Signals): void;
  readonly ended: Promise<Ended>;
}

interface StartOptions {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** A module that is loaded first. */
  readonly before?: string;
}

/** Starts the real command line in a process of its own. */
export function start(args: readonly string[], { cwd = ROOT, env = {}, before }: StartOptions = {}): Running {
  const child = spawn(process.execPath, [...(before ? ["--import", before] : []), CLI, ...args], {
    cwd,
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text) => {
    stdout += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text) => {
    stderr += text;
  });
  const ended = once(child, "close").then(([status]) => ({ status: status as number | null, stdout, stderr }));
  return {
    ended,
    interrupt: () => child.kill("SIGINT"),
    kill: (signal) => child.kill(signal),
    said: (pattern) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          if (pattern.test(stderr)) resolve();
        };
        child.stderr.on("data", look);
        look();
        void ended.then(() => reject(new Error(`It ended without saying ${pattern}:\n${stderr}`)));
      }),
  };
}

export function run(args: readonly string[], options?: StartOptions): Promise<Ended> {
  return start(args, options).ended;
}

/**
 * Runs it until stderr matches; there it presses Ctrl-C itself, or sends itself another signal,
 * before it computes any further.
 */
export function interruptAt(
  pattern: RegExp,
  args: readonly string[],
  { env, signal = "SIGINT", ...options }: StartOptions & { readonly signal?: NodeJS.Signals } = {},
): Promise<Ended> {
  const at = { GANATOMY_INTERRUPT_AT: pattern.source, GANATOMY_INTERRUPT_BY: signal };
  return run(args, { ...options, before: new URL("interrupt-at.mjs", import.meta.url).href, env: { ...env, ...at } });
}
