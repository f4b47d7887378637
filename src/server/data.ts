import type { Call } from "./call.ts";
import { partsOf, typeOf } from "./paths.ts";
import { etagOf } from "./pictures.ts";
import type { Files, ServedProject } from "./project.ts";
import { notFound } from "./refused.ts";

// Tests: test/server/handler.test.ts

/**
 * A browser need not ask again for an hour: a server that is started anew with another model has
 * other pictures at the same addresses.
 */
const KEEP_AN_HOUR = "private, max-age=3600, immutable";
const ASK_AGAIN = "no-cache";

/** A file below `/data/PROJECT/`: of the report's folder, or a picture that was made. */
export async function dataFile(call: Call, pathname: string): Promise<Response> {
  const [name, ...rest] = partsOf(pathname);
  const project = call.projects.get(name!);
  if (!project || rest.length === 0) throw nothing();
  const path = rest.join("/");
  const made = await madePicture(call, project, path);
  return made ? sent(call, made, path, KEEP_AN_HOUR) : folderFile(call, project.files, path);
}

/** A file of a folder. */
export async function folderFile(call: Call, files: Files, path: string): Promise<Response> {
  const bytes = await files.read(path);
  if (!bytes) throw nothing();
  return sent(call, bytes, path, ASK_AGAIN);
}

const nothing = () => notFound("There is no such file.", "Check the address.");

async function madePicture(call: Call, project: ServedProject, path: string): Promise<Uint8Array | undefined> {
  const { pictures, limits, signal } = call;
  if (path.startsWith("cache/img/uniq/")) {
    const kept = pictures.kept(project, path);
    if (kept) return kept;
    throw notFound("This picture is no longer kept.", "Generate it again.");
  }
  const id = /^cache\/img\/id\/(\d{1,9})\.jpg$/.exec(path)?.[1];
  if (id === undefined || Number(id) > limits.lastId) return undefined;
  return (await pictures.plain(project, [Number(id)], signal))[0];
}

function sent(call: Call, bytes: Uint8Array, path: string, cache: string): Response {
  const etag = etagOf(bytes);
  const headers = { etag, "cache-control": cache };
  if (call.known.includes(etag)) return new Response(null, { status: 304, headers });
  return new Response(bytes as Uint8Array<ArrayBuffer>, { headers: { ...headers, "content-type": typeOf(path) } });
}
