import type { LatentsName, Loaded, LoadedLatents, Recipe, Session } from "../src/session/index.ts";
import { forgetLatents, keepLatents } from "./keeping.ts";
import { complain, tell } from "./notices.ts";
import { load } from "./opening.ts";
import { framed, part } from "./page.ts";
import type { Opening } from "./turns.ts";
import { take, waitedFor } from "./working.ts";

// Tests: test/studio/own.test.ts

// Pictures of one's own: files of latents that somebody dropped, such as photographs that
// `ganatomy invert` brought into the generator.

/** Bytes of a safetensors file's header; those of latents are a few hundred. */
const MAX_HEADER = 2 ** 20;
/** What generators' files never call a tensor, and those of latents do. */
const LATENTS: readonly string[] = ["z", "w"];

/** Whether a file holds latents rather than a network: what its tensors are called tells. */
export async function isLatents(file: File): Promise<boolean> {
  if (/\.npy$/i.test(file.name)) return true;
  if (!/\.safetensors$/i.test(file.name)) return false;
  const bytes = async (from: number, to: number) => new DataView(await file.slice(from, to).arrayBuffer());
  const head = await bytes(0, 8);
  const length = head.byteLength === 8 ? Number(head.getBigUint64(0, true)) : Number.POSITIVE_INFINITY;
  if (length > MAX_HEADER) return false;
  try {
    const header: unknown = JSON.parse(new TextDecoder().decode(await bytes(8, 8 + length)));
    return typeof header === "object" && header !== null && LATENTS.some((name) => Object.hasOwn(header, name));
  } catch {
    return false; // whoever reads it as a network says what is wrong with it
  }
}

/** Those that the session has, but what is being forgotten. */
export function ownPictures(loaded: Loaded | undefined): readonly LoadedLatents[] {
  return loaded?.latents?.filter(({ sha256 }) => !forgotten.has(sha256)) ?? [];
}
const forgotten = new Set<string>();

/** Whether pictures of latents have this layer: what is features of another has none before it. */
export function reaches({ model, latents }: Loaded, name: LatentsName | undefined, layer: string | undefined): boolean {
  const from = latents?.find(({ sha256 }) => sha256 === name?.sha256)?.layer;
  const place = (wanted: string): number => model?.layers.findIndex(({ name }) => name === wanted) ?? 0;
  return from === undefined || layer === undefined || place(layer) >= place(from);
}

/** Opens a file of latents, and shows the first of its pictures unless something else is to be. */
export async function openLatents(opening: Opening, file: File, shows: boolean): Promise<void> {
  if (!(await load(opening, { latents: file }))) return;
  const { loaded } = part("session").session ?? {};
  const own = loaded?.latents?.at(-1);
  if (!loaded?.model || !own) return;
  forgotten.delete(own.sha256);
  await keepLatents(loaded.model.name, own.sha256, file);
  const { recipe } = part("paint");
  const waited = recipe && waitedFor({ model: recipe.model, latents: own });
  if (waited) take(waited);
  else if (shows && recipe) take(pictureOf(recipe, loaded, own));
}

/** A recipe's picture of one's own, as it is. */
function pictureOf({ toward: _, ...recipe }: Recipe, loaded: Loaded, own: LoadedLatents): Recipe {
  const { name, sha256, layer } = own;
  const latents = { name, sha256 };
  const edited = reaches(loaded, latents, recipe.layer) ? recipe.layer : layer!;
  return { ...recipe, image: 0, latents, layer: edited, strokes: [] };
}

/** Takes the picture away that is shown, what is kept of it, and what the session has of it. */
export function forgetPicture(): void {
  const paint = part("paint");
  const { recipe, latents } = paint;
  const { session } = part("session");
  if (!recipe || !latents || !session) return;
  forgotten.add(latents.sha256);
  forgetLatents(recipe.model.name, latents.sha256).catch(complain);
  unload(session, latents).catch(complain);
  Object.assign(paint, { latents: undefined, toward: undefined, image: 0 });
  tell(`${latents.name} is forgotten here.`, "Your file is where it was: drop it to have it again.");
}

async function unload(session: Session, latents: LatentsName): Promise<void> {
  await framed(); // whoever showed it shows it no longer by then, and misses nothing
  if (!forgotten.has(latents.sha256)) return; // it came again
  try {
    await session.unload({ latents });
  } finally {
    forgotten.delete(latents.sha256);
  }
}
