// The studio as a folder of plain files that works under any path:
// `npm run build:studio -- FOLDER`. Its addresses are relative, it asks no other host for anything
// (its policy forbids it), and after the first visit it opens without a network.
import { createHash } from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { build as esbuild } from "esbuild";

const ROOT = fileURLToPath(new URL("../", import.meta.url));

/** What is copied, by its path in the folder. */
const COPIED = {
  "worker.min.js": "dist/worker.min.js",
  "scenes64/report.json": "studio/scenes64/report.json",
  "scenes64/dissect.json": "studio/scenes64/dissect.json",
  "scenes64/layer4/quantiles.npz": "studio/scenes64/layer4/quantiles.npz",
  "weights/scenes64/generator.safetensors": "weights/scenes64/generator.safetensors",
  "weights/scenes64/segmenter.safetensors": "weights/scenes64/segmenter.safetensors",
  "weights/scenes64/labels.json": "weights/scenes64/labels.json",
};

/**
 * What the page may do, which makes of "0 requests to other hosts" something that browsers see to.
 * Files that are dropped on it, and pictures that it makes, are blobs.
 */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "worker-src 'self'",
  "style-src 'self'",
  "connect-src 'self' blob: data:",
  "img-src 'self' blob: data:",
  "base-uri 'none'",
  "form-action 'none'",
].join("; ");

const options = {
  absWorkingDir: ROOT,
  bundle: true,
  minify: true,
  keepNames: true, // errors' classes are told apart by name on their way from the worker
  write: false,
  platform: "browser",
  legalComments: "none",
  logLevel: "warning",
};

/**
 * The session is in the worker, always: what computes in a page, which elements can fall back on,
 * is left out (500 kB). Where workers have no WebGPU, that is said.
 */
const inWorker = {
  name: "no session in the page",
  setup: ({ onLoad }) =>
    onLoad({ filter: /\bsrc\/session\/in-process\.ts$/ }, () => ({
      contents: `import { UnsupportedError } from "../errors.ts";
        export const createSession = () => {
          throw new UnsupportedError("no-webgpu", "This browser has no WebGPU in workers, where the studio computes.",
            "Use Chrome or Edge 113 or newer, Safari 26 or Firefox 141.");
        };`,
    })),
};

/** Contents of what esbuild makes of an entry of studio/. */
async function bundle(entry, more) {
  const { outputFiles } = await esbuild({ ...options, ...more, entryPoints: [join("studio", entry)] });
  return outputFiles[0].contents;
}

/**
 * Writes the studio into a folder; needs dist/worker.min.js.
 * @param {string} folder made if need be; files of other names in it stay
 * @returns {Promise<string[]>} the absolute paths of what was written
 */
export async function buildStudio(folder) {
  const copied = Object.entries(COPIED).map(async ([path, from]) => [path, await readFile(join(ROOT, from))]);
  const files = new Map([
    ["studio.js", await bundle("studio.ts", { format: "esm", target: "es2022", plugins: [inWorker] })],
    ["studio.css", await bundle("studio.css")],
    ["door.css", await bundle("door.css")],
    // What says that a browser is too old is for old ones.
    ["doors.js", await bundle("doors.ts", { format: "iife", target: "es2017" })],
    ...(await Promise.all(copied)),
  ]);
  const page = await readFile(join(ROOT, "studio/index.html"), "utf8");
  const worker = await readFile(join(ROOT, "studio/sw.ts"));
  const hash = createHash("sha256").update(page).update(worker);
  for (const [path, contents] of files) hash.update(path).update(contents);
  const build = hash.digest("hex").slice(0, 12);
  const define = { BUILD: JSON.stringify(build), FILES: JSON.stringify([...files.keys()]) };
  files.set("index.html", pageOf(page, build));
  files.set("sw.js", await bundle("sw.ts", { format: "iife", target: "es2022", define }));
  const paths = [];
  for (const [path, contents] of files) {
    const at = join(folder, path);
    await mkdir(dirname(at), { recursive: true });
    await writeFile(at, contents);
    paths.push(at);
  }
  return paths;
}

/**
 * index.html with its policy, what tells of doors, and the build's hash on what it loads: a page
 * and scripts of two builds never meet, whatever is cached on the way.
 */
function pageOf(page, build) {
  const replaced = (text, from, to) => {
    if (!from.test(text)) throw new Error(`studio/index.html has no ${from}.`);
    return text.replace(from, to);
  };
  let text = replaced(page, /<html\b/, `<html data-build="${build}"`);
  const policy = `<meta http-equiv="Content-Security-Policy" content="${POLICY}">`;
  text = replaced(text, /^( *)(<meta charset="[\w-]+">)$/m, `$1$2\n$1${policy}`);
  text = replaced(text, /^( *)(<\/head>)$/m, `$1  <script defer src="doors.js"></script>\n$1$2`);
  for (const file of ["studio.js", "studio.css", "doors.js"]) {
    text = replaced(text, new RegExp(`((?:src|href)=")${file.replace(".", "\\.")}"`), `$1${file}?b=${build}"`);
  }
  return text;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [folder = "dist/studio", ...rest] = process.argv.slice(2);
  if (rest.length > 0 || folder.startsWith("-")) {
    console.error("npm run build:studio -- [FOLDER]   (dist/studio unless given)");
    process.exit(2);
  }
  try {
    await buildStudio(resolve(folder));
    console.log(`${resolve(folder)}: put it on any host with https://, under any path.`);
  } catch (error) {
    if (error.code === undefined || !error.path) throw error;
    console.error(`"${folder}" cannot be written (${error.code}). Name another folder.`);
    process.exit(5); // as the command line has it
  }
}
