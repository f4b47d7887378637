import { UsageError } from "../errors.ts";
import { parseJson } from "../weights/json.ts";
import { checkMarks, isMarks, recipeOfMarks } from "./marks.ts";
import { checkRecipe, type Recipe } from "./recipe.ts";

/** A packed recipe of more characters is better offered as a file: chats and mails cut links. */
export const MAX_LINK = 8192;
/** What a packed recipe may inflate to: a thousand strokes of published sizes are a tenth of it. */
const MAX_JSON = 2 ** 20;
/** Bytes of one stored block of deflate. */
const STORED = 65_535;

/** How files begin that are mistaken for recipes, most of them longer than any. */
const FINDINGS = /^\s*\{\s*"(?:schemaVersion|netname)"/;

const BROKEN = "Copy the whole link again, or ask whoever shared it for the recipe as a file.";

/**
 * A recipe as text for a link's `#s=…`: its JSON, deflated, in base64url. Where it is longer than
 * `MAX_LINK` offer the JSON as a file instead.
 * @throws UsageError for what is no recipe.
 */
export async function packRecipe(recipe: Recipe): Promise<string> {
  const json = new TextEncoder().encode(JSON.stringify(checkRecipe(recipe)));
  const packed = typeof CompressionStream === "undefined" ? stored(json) : await deflated(json);
  let binary = "";
  for (const byte of packed) binary += String.fromCharCode(byte);
  return btoa(binary).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}

/**
 * The recipe of `packRecipe`'s text. However it is damaged, or whoever made it up: no more than a
 * mebibyte is inflated.
 * @throws UsageError saying what is wrong with it.
 */
export async function openRecipe(packed: string): Promise<Recipe> {
  if (typeof packed !== "string" || !/^[\w-]+$/.test(packed)) {
    throw new UsageError("This link holds no recipe.", BROKEN);
  }
  if (packed.length > 2 * MAX_JSON) {
    throw new UsageError("This link's recipe is too long.", "Ask for the recipe as a file.");
  }
  let bytes: Uint8Array<ArrayBuffer>;
  try {
    const binary = atob(packed.replaceAll("-", "+").replaceAll("_", "/"));
    bytes = Uint8Array.from(binary, (character) => character.charCodeAt(0));
  } catch (cause) {
    throw new UsageError("This link's recipe is cut off.", BROKEN, { cause });
  }
  return readRecipe(await inflated(bytes));
}

/**
 * The recipe of a file's text; marks are one that takes their units away.
 * @throws UsageError for what is none.
 */
export function readRecipe(json: string): Recipe {
  if (FINDINGS.test(json)) {
    throw new UsageError(
      "This is what a dissection found, a report.json or dissect.json, and no recipe.",
      'Give the file that the studio\'s "Share" saved; by a report the units of its concepts are found.',
    );
  }
  if (json.length > MAX_JSON) {
    throw new UsageError("This recipe is longer than a mebibyte.", "Take some of its strokes away.");
  }
  let given: unknown;
  try {
    given = parseJson(json);
  } catch (cause) {
    throw new UsageError("This is no recipe: it is no JSON.", "Give the file, or the link, as it was written.", {
      cause,
    });
  }
  return isMarks(given) ? recipeOfMarks(checkMarks(given)) : checkRecipe(given);
}

async function deflated(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
  const stream = new Blob([bytes]).stream().pipeThrough(new CompressionStream("deflate-raw"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/**
 * Deflate that does not compress, for hosts that cannot: blocks of bytes as they are (RFC 1951).
 */
function stored(bytes: Uint8Array): Uint8Array {
  const blocks = Math.max(1, Math.ceil(bytes.length / STORED));
  const out = new Uint8Array(bytes.length + 5 * blocks);
  for (let block = 0; block < blocks; block += 1) {
    const part = bytes.subarray(block * STORED, (block + 1) * STORED);
    const at = block * (STORED + 5);
    const header = new DataView(out.buffer, at, 5);
    header.setUint8(0, Number(block === blocks - 1));
    header.setUint16(1, part.length, true);
    header.setUint16(3, ~part.length & 0xffff, true);
    out.set(part, at + 5);
  }
  return out;
}

/** Text, piece by piece, until it is longer than any recipe. */
async function inflated(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const reader = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate-raw")).getReader();
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let text = "";
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return text + decoder.decode();
      text += decoder.decode(value, { stream: true });
      if (text.length > MAX_JSON) break;
    }
  } catch (cause) {
    throw new UsageError("This link's recipe is damaged.", BROKEN, { cause });
  } finally {
    reader.cancel().catch(() => {});
  }
  throw new UsageError("This link's recipe unpacks to more than a mebibyte.", "Do not trust it.");
}
