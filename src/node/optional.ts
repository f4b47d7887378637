import { existsSync, readFileSync } from "node:fs";
import { dirname, join, sep } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

/** Packages that are installed beside ganatomy by whoever wants what they do. */
export type OptionalPackage = "webgpu" | "puppeteer-core";

/** This module's folder: in the package where it is built, in `src` in tests. */
const HERE = dirname(fileURLToPath(import.meta.url));

/**
 * `npx` runs a package from a folder in npm's cache, from which Node does not look into the folder
 * that the command was called in.
 */
const BY_NPX = HERE.includes(`${sep}_npx${sep}`);

/**
 * The folder of an optional package as `load` finds it: in a `node_modules` beside or above ours,
 * and, when `npx` runs us, beside or above the working directory, whose programs `npx` runs, too.
 */
export function findOptional(name: OptionalPackage): string | undefined {
  return above(name, HERE) ?? (BY_NPX ? above(name, process.cwd()) : undefined);
}

function above(name: string, start: string): string | undefined {
  for (let folder = start; ; folder = dirname(folder)) {
    const found = join(folder, "node_modules", name);
    if (existsSync(join(found, "package.json"))) return found;
    if (folder === dirname(folder)) return undefined;
  }
}

/** The version of an optional package that is installed. */
export function optionalVersion(name: OptionalPackage): string | undefined {
  const folder = findOptional(name);
  return folder && (manifest(folder) as { version: string }).version;
}

/** What to type so that an optional package is there: of `npx`, the whole way to call it. */
export const howToAdd = (name: OptionalPackage): string =>
  BY_NPX
    ? `Call it by \`npx --package=ganatomy --package=${name} ganatomy …\`, or run \`npm install ${name}\` here`
    : `Run \`npm install ${name}\``;

/**
 * Loads an optional package.
 * @param load its import, which says the type
 * @throws what Node throws; with the code `ERR_MODULE_NOT_FOUND` where it is not installed.
 */
export async function loadOptional<T>(name: OptionalPackage, load: () => Promise<T>): Promise<T> {
  try {
    return await load();
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === "ERR_MODULE_NOT_FOUND";
    const folder = missing ? findOptional(name) : undefined;
    if (!folder) throw error;
    return await import(pathToFileURL(join(folder, entryOf(manifest(folder)))).href);
  }
}

interface Manifest {
  readonly main?: string;
  readonly exports?: unknown;
}

const manifest = (folder: string): Manifest => JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));

/** Where an import of the whole package leads: Node resolves none from a folder that is named. */
function entryOf({ main = "index.js", exports }: Manifest): string {
  let target = (exports as Record<string, unknown> | undefined)?.["."] ?? exports;
  while (typeof target === "object" && target !== null) {
    const conditions = target as Record<string, unknown>;
    target = conditions["import"] ?? conditions["node"] ?? conditions["default"];
  }
  return typeof target === "string" ? target : main;
}
