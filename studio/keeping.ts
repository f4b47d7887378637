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

/**
 * Does something with what is kept under a name, and closes the database: a newer studio, in
 * another page, could not change one that is open.
 */
async function within<T>(
  name: typeof RECIPES | typeof LATENTS,
  mode: IDBTransactionMode,
  use: (kept: IDBObjectStore) => Promise<T>,
): Promise<T> {
  const database = await open();
  database.onversionchange = () => database.close(); // which lets what was begun end
  try {
    return await use(database.transaction(name, mode).objectStore(name));
  } finally {
    database.close();
  }
}

/** Keeps a recipe as its generator's last; without effect where the browser keeps nothing. */
export async function keep(recipe: Recipe): Promise<void> {
  try {
    await within(RECIPES, "readwrite", (kept) => settled(kept.put(recipe, recipe.model.name)));
  } catch {
    // In private windows there may be no database.
  }
}

/** The generator's last recipe, if there is one and it is still whole. */
export async function kept(model: string): Promise<Recipe | undefined> {
  try {
    return checkRecipe(await within(RECIPES, "readonly", (kept) => settled(kept.get(model))));
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
    await within(LATENTS, "readwrite", async (files) => {
      await settled(files.put({ file, since: Date.now() } satisfies KeptFile, [model, sha256]));
      const [keys, all] = await Promise.all([
        settled(files.getAllKeys(ofModel(model))),
        settled(files.getAll(ofModel(model)) as IDBRequest<KeptFile[]>),
      ]);
      const newestFirst = keys.map((key, at) => ({ key, since: all[at]!.since })).sort((a, b) => b.since - a.since);
      for (const { key } of newestFirst.slice(MAX_FILES)) files.delete(key);
    });
  } catch {
    // In private windows there may be no database, and disks are full.
  }
}

/** A generator's files of latents, the oldest first. */
export async function keptLatents(model: string): Promise<readonly File[]> {
  try {
    const all = await within(LATENTS, "readonly", (files) =>
      settled(files.getAll(ofModel(model)) as IDBRequest<KeptFile[]>),
    );
    return all.sort((a, b) => a.since - b.since).map(({ file }) => file);
  } catch {
    return [];
  }
}

/** Keeps a file of latents no longer. */
export async function forgetLatents(model: string, sha256: string): Promise<void> {
  await within(LATENTS, "readwrite", (files) => settled(files.delete([model, sha256])));
}
