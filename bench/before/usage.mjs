// Preloaded into what is measured (`node --import`): writes down at its exit what the process used.
// Threads count: getrusage has no other scope. Children that have ended count where the kernel
// tells, which Node cannot ask of getrusage.
import { readFileSync, writeFileSync } from "node:fs";
import { isMainThread } from "node:worker_threads";
import { childSeconds } from "./children.mjs";

const FILE = process.env.GANATOMY_BENCH_USAGE;

/** What Node counts `maxRSS` in, everywhere. */
const KIBIBYTE = 1024;

if (FILE && isMainThread) {
  delete process.env.GANATOMY_BENCH_USAGE; // a child's is its own
  process.on("exit", () => {
    const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
    let children = null;
    try {
      children = childSeconds(readFileSync("/proc/self/stat", "utf8"));
    } catch {
      // no Linux
    }
    writeFileSync(
      FILE,
      JSON.stringify({ cpu: (userCPUTime + systemCPUTime) / 1e6, children, rss: (KIBIBYTE * maxRSS) / 2 ** 20 }),
    );
  });
}
