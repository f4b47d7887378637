import { checkRecipe, type Recipe } from "../src/session/index.ts";

/**
 * Where the browser keeps recipes, the last one of every generator by its name, and files of
 * latents, by their generator's name and their hash.
 */
const DATABASE = "ganatomy-studio";
const VERSION = 2;
const RECIPES = "recipes";
const LATENTS = "latents";
/** Files of latents of one generator: as many as a session holds. */
const MAX_FILES = 16;

function open(): Promise<IDBDatabase> {
  const request = indexedDB.open(DATABASE, VERSION);
  request.onupgradeneeded = () => {
    const { objectStoreNames: there } = request.result;
    for (const name of [RECIPES, LATENTS]) if (!there.contains(name)) request.result.createObjectStore(name);
  };
  return settled(request);
}

const settled = <T>(request: IDBRequest<T>): Promise<T> =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });

async function store(mode: IDBTransactionMode, name = RECIPES): Promise<IDBObjectStore> {
  const database = await open();
  // Another page may have a newer studio, which must not wait for this one.
  database.onversionchange = () => database.close();
  return database.transaction(name, mode).objectStore(name);
}

/** Keeps a recipe as its generator's last; without effect where the browser keeps nothing. */
export async function keep(recipe: Recipe): Promise<void> {
  try {
    await settled((await store("readwrite")).put(recipe, recipe.model.name));
  } catch {
    // In private windows there may be no database.
  }
}

/** The generator's last recipe, if there is one and it is still whole. */
export async function kept(model: string): Promise<Recipe | undefined> {
  try {
    return checkRecipe(await settled((await store("readonly")).get(model)));
  } catch {
    return undefined;
  }
}

/** A file of latents as it is kept. */
interface KeptFile {
  readonly file: File;
  /** When it came, as `Date.now()` counts. */
  readonly since: number;
}

/** All of a generator's. */
const ofModel = (model: string): IDBKeyRange => IDBKeyRange.bound([model, ""], [model, "\uffff"]);

/** Keeps a file of latents, and no more than the last few of its generator. */
export async function keepLatents(model: string, sha256: string, file: File): Promise<void> {
  try {
    const files = await store("readwrite", LATENTS);
    await settled(files.put({ file, since: Date.now() } satisfies KeptFile, [model, sha256]));
    const [keys, all] = await Promise.all([
      settled(files.getAllKeys(ofModel(model))),
      settled(files.getAll(ofModel(model)) as IDBRequest<KeptFile[]>),
    ]);
    const newestFirst = keys.map((key, at) => ({ key, since: all[at]!.since })).sort((a, b) => b.since - a.since);
    for (const { key } of newestFirst.slice(MAX_FILES)) files.delete(key);
  } catch {
    // In private windows there may be no database, and disks are full.
  }
}

/** A generator's files of latents, the oldest first. */
export async function keptLatents(model: string): Promise<readonly File[]> {
  try {
    const files = await store("readonly", LATENTS);
    const all = await settled(files.getAll(ofModel(model)) as IDBRequest<KeptFile[]>);
    return all.sort((a, b) => a.since - b.since).map(({ file }) => file);
  } catch {
    return [];
  }
}

/** Keeps a file of latents no longer. */
export async function forgetLatents(model: string, sha256: string): Promise<void> {
  await settled((await store("readwrite", LATENTS)).delete([model, sha256]));
}
