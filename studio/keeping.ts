import { checkRecipe, type Recipe } from "../src/session/index.ts";

/** Where the browser keeps recipes: the last one of every generator, by the generator's name. */
const DATABASE = "ganatomy-studio";
const STORE = "recipes";

function open(): Promise<IDBDatabase> {
  const request = indexedDB.open(DATABASE, 1);
  request.onupgradeneeded = () => request.result.createObjectStore(STORE);
  return settled(request);
}

const settled = <T>(request: IDBRequest<T>): Promise<T> =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });

async function store(mode: IDBTransactionMode): Promise<IDBObjectStore> {
  return (await open()).transaction(STORE, mode).objectStore(STORE);
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
