// The site as one folder of plain files that works under any path: the guides, the reference, the
// tutorial, the studio and reports. `npm run site -- [FOLDER] [--report DIR]…`. It asks no other
// host for anything, and after the first visit it opens without a network.
//
// Tests: test/site/site.test.ts
import { createHash } from "node:crypto";
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { basename, join, relative, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { build } from "esbuild";
import { writeGallery } from "./gallery.mjs";
import { readReference, undocumented } from "./reference.mjs";
import { buildStudio } from "./studio.mjs";
import { buildTutorial } from "./tutorial.mjs";

const ROOT = fileURLToPath(new URL("../", import.meta.url));
/** Before an address that is the site's and not the page's: how far up that is, a page says. */
const SITE = "site:";
/**
 * What TypeDoc's theme lacks for those who listen to pages or have no mouse; what is not there is
 * an error.
 */
const LANDMARKS = [
  ['<div class="col-content"', '<div role="main" class="col-content"'],
  ['<div class="page-menu"', '<div role="complementary" aria-label="This page" class="page-menu"'],
  ['<nav id="tsd-sidebar-links"', '<nav id="tsd-sidebar-links" aria-label="Tutorial, studio and reports"'],
  ['<nav class="tsd-navigation"', '<nav aria-label="Guides and modules" class="tsd-navigation"'],
];
/** README has its own heading. */
const TITLE = '<div class="tsd-page-title"><h1>ganatomy</h1></div>';
const accessible = (text) =>
  text
    .replaceAll("<table>", '<table tabindex="0">') // wide ones scroll
    .replaceAll("<th></th>", "<td></td>")
    .replaceAll(/<h5( class="tsd-index-heading[^>]*>[^<]*)<\/h5>/g, "<h2$1</h2>")
    .replaceAll(/<summary[\s\S]*?<\/summary>/g, (summary) =>
      summary.replaceAll(/<a [^>]*tsd-anchor-icon[\s\S]*?<\/a>/g, ""),
    );
/** Where temporary files of the site's making are. */
const CACHE = join(ROOT, "node_modules/.cache");

/** Says that a folder is a site, whose files may be replaced. */
const MARKER = ".ganatomy-site";

const reportPath = (name) => `reports/${encodeURIComponent(name)}/report.html`;

const bundle = async (entry, more) => {
  const options = { absWorkingDir: ROOT, bundle: true, minify: true, write: false, target: "es2022", format: "iife" };
  const { outputFiles } = await build({ ...options, legalComments: "none", entryPoints: [`site/${entry}`], ...more });
  return outputFiles[0].text;
};

/**
 * Writes the site into a folder; needs dist/worker.min.js.
 *
 *
 * @param {string} folder made if need be; a site in it is replaced
 *
 * @param {{ reports?: readonly string[] }} [options] folders of reports, each with its report.html
 *
 * @returns {Promise<{ messages: string[], undocumented: string[] }>} what is wrong with guides and
 *   reference, and exports without a docstring
 *
 * @throws {Error} for a folder that holds something else, and two reports of one name
 */
export async function buildSite(folder, { reports = [] } = {}) {
  const names = reports.map((report) => basename(report));
  const twice = names.find((name, at) => names.indexOf(name) < at);
  if (twice !== undefined) throw new Error(`Two reports are called "${twice}". Rename one's folder.`);
  await claim(folder);
  // in the repository: TypeDoc fails on documents whose only common folder is the root
  await mkdir(CACHE, { recursive: true });
  const work = await mkdtemp(join(CACHE, "ganatomy-site-"));
  try {
    const script = join(work, "keep.js");
    await writeFile(script, await bundle("keep.ts"));
    const links = { Tutorial: `${SITE}tutorial/index.html`, Studio: `${SITE}studio/index.html` };
    const pages = [];
    if (reports.length > 0) {
      links.Gallery = `${SITE}gallery.html`;
      pages.push(await writeGallery(join(work, "pages"), reports, (name) => `${SITE}${reportPath(name)}`));
    }
    const { app, project, messages } = await readReference({ links, script, pages });
    await app.generateDocs(project, folder);
    for (const report of reports) await cp(report, join(folder, "reports", basename(report)), { recursive: true });
    await buildStudio(join(folder, "studio"));
    const built = (await filesUnder(folder)).filter((path) => !/^(studio\/|reports\/|\.)/.test(path));
    for (const path of built) if (path.endsWith(".html")) await finish(folder, path);
    await buildTutorial(join(folder, "tutorial"));
    built.push(...(await filesUnder(join(folder, "tutorial"))).map((path) => `tutorial/${path}`));
    await writeFile(join(folder, "sw.js"), await serviceWorker(folder, built));
    return { messages, undocumented: undocumented(project) };
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** Empties a folder for a site: nobody's files but a site's are removed. */
async function claim(folder) {
  const names = await readdir(folder).catch((error) => {
    if (error.code === "ENOENT") return [];
    throw error;
  });
  if (names.length > 0 && !names.includes(MARKER)) {
    throw new Error(`"${folder}" holds other things than a site, which would be removed. Name an empty folder.`);
  }
  await mkdir(folder, { recursive: true });
  // first, so that what a killed run leaves is a site's, too
  await writeFile(join(folder, MARKER), "");
  const old = names.filter((name) => name !== MARKER);
  await Promise.all(old.map((name) => rm(join(folder, name), { recursive: true, force: true })));
}

/** Paths of all files in a folder, relative to it, with "/". */
async function filesUnder(folder) {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name));
  return files.map((path) => relative(folder, path).split(sep).join("/")).sort();
}

/** A page's links to other parts of the site, and what makes it accessible. */
async function finish(folder, path) {
  const up = "../".repeat(path.split("/").length - 1);
  let text = await readFile(join(folder, path), "utf8");
  for (const [from, to] of LANDMARKS) {
    if (!text.includes(from)) throw new Error(`TypeDoc's ${path} has no ${from}.`);
    text = text.replace(from, to);
  }
  if (path === "index.html") text = text.replace(TITLE, "");
  await writeFile(join(folder, path), accessible(text).replaceAll(`href="${SITE}`, `href="${up}`));
}

async function serviceWorker(folder, files) {
  const hash = createHash("sha256");
  for (const path of files) hash.update(path).update(await readFile(join(folder, path)));
  const define = { BUILD: JSON.stringify(hash.digest("hex").slice(0, 12)), FILES: JSON.stringify(files) };
  return bundle("sw.ts", { define });
}

async function main() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { report: { type: "string", multiple: true, default: [] }, help: { type: "boolean", short: "h" } },
  });
  if (values.help || positionals.length > 1) {
    console.error(
      "npm run site -- [FOLDER] [--report DIR]…   (_site unless given; DIR is what `ganatomy dissect` writes)",
    );
    process.exit(values.help ? 0 : 2);
  }
  const folder = resolve(positionals[0] ?? "_site");
  const { messages } = await buildSite(folder, { reports: values.report.map((report) => resolve(report)) }).catch(
    (error) => {
      console.error(error.message);
      process.exit(5); // as the command line has it
    },
  );
  for (const message of messages) console.error(message);
  console.log(`${folder}: put it on any host with https://, under any path.`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main();
