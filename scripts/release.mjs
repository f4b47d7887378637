// Publishes what is tagged: `npm run release`, by a job of the repository's host, which can vouch
// for where the package was built (npm's provenance). `npm run release -- --dry-run` does all but
// that, and packs what would be published.
//
// Tests: test/scripts/release.test.ts
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../", import.meta.url));

const escaped = (text) => text.replace(/[.+]/g, "\\$&");
const git = (root, ...args) => spawnSync("git", args, { cwd: root, encoding: "utf8" }).stdout.trim();

/**
 * Why this clone is not to be published, each with what to do about it.
 *
 *
 * @param {string} [root] the clone
 *
 * @param {Readonly<Record<string, string | undefined>>} [env] of the process: only a job that npm
 *   can ask has provenance
 *
 * @returns {string[]}
 */
export function faults(root = ROOT, env = process.env) {
  const read = (path) => readFileSync(join(root, path), "utf8");
  const { version, repository } = JSON.parse(read("package.json"));
  const found = [];
  if (git(root, "status", "--porcelain") !== "") found.push("There are changes that are not committed: commit them.");
  if (!git(root, "tag", "--points-at", "HEAD").split("\n").includes(`v${version}`)) {
    found.push(`This commit is not tagged v${version}: git tag v${version}, or check out the tag.`);
  }
  if (!read("src/version.ts").includes(`"${version}"`)) {
    found.push(`src/version.ts does not say ${version}, as package.json does: write it there.`);
  }
  if (!new RegExp(`^## ${escaped(version)}, \\d{4}-\\d{2}-\\d{2}$`, "m").test(read("CHANGELOG.md"))) {
    found.push(`CHANGELOG.md has no day for ${version}: "## ${version}, 2026-12-01".`);
  }
  if (!repository) {
    found.push('package.json names no "repository", by which npm checks where the package was built: add its address.');
  }
  if (!env.ACTIONS_ID_TOKEN_REQUEST_URL && !env.SIGSTORE_ID_TOKEN) {
    found.push(
      "No host vouches for this build: run it in a job of GitHub (id-token: write) or GitLab (SIGSTORE_ID_TOKEN).",
    );
  }
  return found;
}

/** What is run, one after the other, until one fails. */
export const steps = (dry) => [
  ["npm", "ci", "--ignore-scripts"],
  ["npm", "run", "check"],
  ["npm", "test"],
  ["npm", "publish", "--access", "public", ...(dry ? ["--dry-run"] : ["--provenance"])],
];

function main() {
  const dry = process.argv.includes("--dry-run");
  const found = faults();
  for (const fault of found) console.error(fault);
  if (found.length > 0 && !dry) process.exit(1);
  for (const [command, ...args] of steps(dry)) {
    console.error(`\n${[command, ...args].join(" ")}`);
    const { status } = spawnSync(command, args, { cwd: ROOT, stdio: "inherit", shell: process.platform === "win32" });
    if (status !== 0) process.exit(status ?? 1);
  }
  if (found.length > 0) process.exit(1); // as said above
}

if (process.argv[1] === fileURLToPath(import.meta.url)) main();
