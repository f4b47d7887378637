// The cases by name: what is run, and what of it is compared.
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const LIBRARY = fileURLToPath(new URL("library.mjs", import.meta.url));
const PAGE = fileURLToPath(new URL("page.mjs", import.meta.url));
/** Both sets' images unless the name says otherwise, as the command line has it. */
const DEFAULT = 200;

export const NAMES = `dissect, dissect-64, dissect-100-no-pictures (any number; none is ${DEFAULT}), first-picture, first-partial, forward, page-first-picture, page-first-partial, page-first-partial-24 (any number), and those with -warm`;
/**
 * Who comes for the third time has all there is to have: what browsers keep of scripts they write
 * down at the second.
 */
const WARM = 3;

/**
 * A case of this name: `command` gives Node's arguments for a build and an output folder, `finish`
 * what its end leaves to find out.
 */
export function caseOf(name) {
  const [, images = DEFAULT, bare] = /^dissect(?:-(\d+))?(-no-pictures)?$/.exec(name) ?? [];
  if (name.startsWith("dissect") && Number(images) > 0 && /^dissect(-\d+)?(-no-pictures)?$/.test(name)) {
    const files = ["units.csv", "tensors.safetensors"];
    const size = Number(images);
    if (bare) return { name, size, pictures: false, files, command: library("dissect", size) };
    const command = (root, outdir) => [join(root, "dist/cli.js"), "dissect", "--size", `${size}`, "--outdir", outdir];
    return { name, size, pictures: true, files, command };
  }
  if (name === "first-picture") {
    const command = (root, outdir) => [join(root, "dist/cli.js"), "generate", "--size", "1", "--outdir", outdir];
    // A file's time is in steps of the kernel's clock, 4 or 10 ms.
    const finish = async (outdir, _, start) => ({ first: ((await firstPicture(outdir)) - start) / 1000 });
    return { name, files: ["image_0.png"], command, finish };
  }
  if (name === "first-partial") {
    const finish = async (_, { first }, start) => ({ first: (first - start) / 1000 });
    return { name, files: ["units.csv"], command: library(name, DEFAULT), finish };
  }
  const [page, pairs = DEFAULT, warm] = /^page-first-(?:picture|partial(?:-(\d+))?)(-warm)?$/.exec(name) ?? [];
  if (page && Number(pairs) > 0) {
    const what = page.includes("picture") ? "picture" : "partial";
    const visits = warm ? WARM : 1;
    return { name, files: [], command: (root, outdir) => [PAGE, root, what, `${pairs}`, `${visits}`, outdir] };
  }
  if (name === "forward") return { name, files: ["forward.safetensors"], command: library(name, 0) };
  throw new Error(`There is no case ${name}; there are ${NAMES}.`);
}

const library = (what, size) => (root, outdir) => [LIBRARY, join(root, "dist"), what, `${size}`, outdir];

async function firstPicture(outdir) {
  const pictures = (await readdir(outdir)).filter((file) => file.endsWith(".png"));
  const times = await Promise.all(pictures.map(async (file) => (await stat(join(outdir, file))).mtimeMs));
  if (times.length === 0) throw new Error("It wrote no picture.");
  return Math.min(...times);
}
