/**
 * The server of the published clients, and our own routes, as a function of requests.
 *
 * @module
 */

export { parseDissection } from "./dissected.ts";
export { createHandler, type Handler, type HandlerOptions } from "./handler.ts";
export { LIMITS, type Limits } from "./limits.ts";
export type { ImageDecoder } from "./masks.ts";
export type { Dissected, Files, Project } from "./project.ts";
