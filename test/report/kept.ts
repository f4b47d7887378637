import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { decode } from "fast-png";
import jpeg from "jpeg-js";
import { expect } from "vitest";

export const KEPT = new URL("../golden/pictures/", import.meta.url);
const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** What is compared of a picture: an SVG's text, the pixels of a PNG or JPEG. */
function shown(name: string, bytes: string | Uint8Array): unknown {
  if (name.endsWith(".svg")) return Buffer.from(bytes).toString("utf8");
  const { width, height, data } = name.endsWith(".png")
    ? decode(Buffer.from(bytes))
    : jpeg.decode(Buffer.from(bytes), { useTArray: true });
  return { width, height, pixels: Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString("base64") };
}

export interface Keeping {
  /** Where the pictures are kept. */
  readonly folder?: URL;
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/**
 * Compares a picture with the one that is kept in test/golden/pictures and that a person has looked
 * at. With GANATOMY_REDRAW in the environment it is kept instead, except in CI.
 */
export function expectKept(
  name: string,
  drawn: string | Uint8Array,
  { folder = KEPT, env = process.env }: Keeping = {},
) {
  const path = new URL(name, folder);
  if (env["GANATOMY_REDRAW"] && !env["CI"]) {
    mkdirSync(folder, { recursive: true });
    writeFileSync(path, drawn);
    return;
  }
  const kept = existsSync(path) ? readFileSync(path) : undefined;
  if (kept && JSON.stringify(shown(name, kept)) === JSON.stringify(shown(name, drawn))) return;
  const now = join(tmpdir(), `now-${name}`);
  writeFileSync(now, drawn);
  const test = relative(ROOT, expect.getState().testPath ?? "test/report");
  throw new Error(
    `${name} is ${kept ? "not the picture that is kept" : "not kept"} in test/golden/pictures. ` +
      `This one is ${now}: look ` +
      `at it, and if it is right, keep it by\n\n  GANATOMY_REDRAW=1 npx vitest run ${test}`,
  );
}
