/** The server of the published clients, and our own routes, as a function of requests. */

export { createHandler, type Handler, type HandlerOptions } from "./handler.ts";
export { LIMITS, type Limits } from "./limits.ts";
export type { ImageDecoder } from "./masks.ts";
export type { Files, Project } from "./project.ts";
