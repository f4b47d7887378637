import { GanatomyError } from "../src/errors.ts";
import { givenBy } from "./given.ts";
import { complain } from "./notices.ts";
import { openGenerator, scenes64 } from "./opening.ts";
import { openLatents } from "./own.ts";
import { part } from "./page.ts";
import type { Opening } from "./turns.ts";
import { firstRecipe } from "./working.ts";

// Tests: test/studio/own.test.ts, test/studio/studio.test.ts

/** Opens what the address asks for, or what comes along. */
export async function openFirst(opening: Opening): Promise<void> {
  const { latents, generator, ...given } = (await givenBy(location.href).catch(complain)) ?? {};
  await (generator !== undefined
    ? openGenerator(opening, { generator, ...given }, firstRecipe)
    : openGenerator(opening, scenes64(), firstRecipe("scenes64")));
  if (latents === undefined) return;
  const file = await fileAt(latents, opening.signal);
  // Of a picture of one's own that is shown already, strokes stay: the page was opened again.
  await openLatents(opening, file, part("paint").recipe?.latents === undefined);
}

/** A file of the page's host, under its name there. */
async function fileAt(address: string, signal: AbortSignal): Promise<File> {
  const name = decodeURIComponent(new URL(address).pathname.split("/").at(-1)!);
  const refused = (why: string, cause?: unknown): GanatomyError =>
    new GanatomyError("network", `"${name}" ${why}.`, "Is the server still there?", { cause });
  const response = await fetch(address, { signal }).catch((cause: unknown) => {
    signal.throwIfAborted();
    throw refused("cannot be had", cause);
  });
  if (!response.ok) throw refused(`answered ${response.status}`);
  return new File([await response.blob()], name);
}
