import { join } from "node:path";
import { fileResponse, onlyRead } from "../../node/file-server.ts";
import { openWithin } from "../../node/folder-files.ts";
import type { FetchHandler } from "../../node/http.ts";
import { sourceResponse } from "../../node/source-response.ts";
import { Guard } from "../../server/guard.ts";
import { partsOf, typeOf } from "../../server/paths.ts";
import { notFound, refusal } from "../../server/refused.ts";
import type { Source } from "../../weights/source.ts";

/**
 * What the studio's folder has twice in the package, and so only here, by its path there: where a
 * package's other files are.
 */
const ELSEWHERE: Readonly<Record<string, string>> = { "worker.min.js": "dist/worker.min.js" };
const WEIGHTS = /^weights\/scenes64\/[\w.-]+$/;

/**
 * The studio of a package to this machine alone, and what was given with it, by its paths. Whose
 * address has the build's hash is kept by the browser, all else it asks for again.
 */
export function studioHandler(root: string, given: ReadonlyMap<string, Source | object>): FetchHandler {
  const guard = new Guard({});
  const answer = async (request: Request): Promise<Response> => {
    onlyRead(request);
    const { pathname, searchParams } = new URL(request.url);
    const path = partsOf(pathname === "/" ? "/index.html" : pathname).join("/");
    const offered = given.get(path);
    if (offered) return "read" in offered ? sourceResponse(offered as Source, request) : Response.json(offered);
    const inPackage = ELSEWHERE[path] ?? (WEIGHTS.test(path) ? path : undefined);
    const found =
      (await openWithin(join(root, "dist/studio"), path)) ??
      (inPackage === undefined ? undefined : await openWithin(root, inPackage));
    if (!found) throw notFound("There is no such file.", "Check the address.");
    const response = await fileResponse(request, typeOf(path), found);
    if (searchParams.has("b")) response.headers.set("cache-control", "max-age=31536000, immutable");
    return response;
  };
  return async (request) => {
    const response = await (async () => guard.check(request) ?? (await answer(request)))().catch(refusal);
    // Nobody else's page may hold it in a frame, and have its buttons pressed.
    response.headers.set("content-security-policy", "frame-ancestors 'none'");
    return guard.dressed(response, request);
  };
}
