import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { faults, steps } from "../../scripts/release.mjs";

const HOST = { ACTIONS_ID_TOKEN_REQUEST_URL: "https://token.invalid" };
let root: string;
const at = (path: string) => join(root, path);
const git = (...args: string[]) =>
  execFileSync("git", ["-c", "user.name=t", "-c", "user.email=t@t", ...args], { cwd: root });
const edit = (path: string, change: (text: string) => string) =>
  writeFileSync(at(path), change(readFileSync(at(path), "utf8")));

/** A clone that is ready: this one's version, with a day and an address. */
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), "release-"));
  mkdirSync(at("src"));
  for (const path of ["package.json", "CHANGELOG.md", "src/version.ts"]) cpSync(path, at(path));
  edit("package.json", (text) => text.replace('"license"', '"repository": "github:someone/ganatomy",\n  "license"'));
  edit("CHANGELOG.md", (text) => text.replace(/^## (\d+\.\d+\.\d+), .*$/m, "## $1, 2026-12-01"));
  git("init", "-q");
  git("add", "-A");
  git("commit", "-qm", "ready");
  git("tag", `v${JSON.parse(readFileSync(at("package.json"), "utf8")).version}`);
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

test("what is tagged, dated and built by a host that vouches for it may be published", () => {
  expect(faults(root, HOST)).toEqual([]);
  expect(faults(root, { SIGSTORE_ID_TOKEN: "token" })).toEqual([]);
});

test("what is published is what was checked and tested, with provenance", () => {
  expect(steps(false).map((step) => step.join(" "))).toEqual([
    "npm ci --ignore-scripts",
    "npm run check",
    "npm test",
    "npm publish --access public --provenance",
  ]);
  expect(steps(true).at(-1)).toEqual(["npm", "publish", "--access", "public", "--dry-run"]);
});

test.each<[string, () => void, RegExp]>([
  ["a build that nobody vouches for", () => {}, /No host vouches/],
  ["a file that is not committed", () => writeFileSync(at("notes.txt"), ""), /not committed/],
  ["a commit without a tag", () => git("commit", "-q", "--allow-empty", "-m", "later"), /not tagged v/],
  [
    "another version in the sources",
    () => edit("src/version.ts", (text) => text.replace(/"\d/, '"9')),
    /src\/version.ts does not say/,
  ],
  [
    "a changelog without a day",
    () => edit("CHANGELOG.md", (text) => text.replace(", 2026-12-01", ", not yet published")),
    /CHANGELOG.md has no day/,
  ],
  ["no address", () => edit("package.json", (text) => text.replace(/\n.*"repository".*/, "")), /names no "repository"/],
])("%s is said", (name, spoil, message) => {
  const head = git("rev-parse", "HEAD").toString().trim();
  spoil();
  try {
    expect(faults(root, name.startsWith("a build") ? {} : HOST).join("\n")).toMatch(message);
  } finally {
    git("reset", "-q", "--hard", head);
    git("clean", "-qfd");
  }
});
