import { UsageError } from "../errors.ts";
import { checkNames, type NamesOf } from "../names.ts";
import { decodePng } from "../report/decode-png.ts";
import { ENCODER, given } from "../report/given.ts";
import type { ImageEncoder } from "../report/image.ts";
import type { Device } from "../runtime/device.ts";
import type { Call, Served } from "./call.ts";
import { dataFile, folderFile } from "./data.ts";
import { bodyOf, fileOf } from "./fields.ts";
import { type Answer, GANTER } from "./ganter.ts";
import { Guard, type GuardOptions } from "./guard.ts";
import { type Limits, limitsOf } from "./limits.ts";
import type { ImageDecoder } from "./masks.ts";
import { Devices } from "./networks.ts";
import { partsOf } from "./paths.ts";
import { Pictures } from "./pictures.ts";
import { type Files, type Project, ServedProject } from "./project.ts";
import { notFound, Refused, refusal } from "./refused.ts";
import { LATENTS, SESSION } from "./session-routes.ts";
import { ATLAS, atlas, V1 } from "./v1.ts";

/** Options of `createHandler`. */
export interface HandlerOptions extends GuardOptions {
  /** What is served; no two of one name. */
  readonly projects: readonly Project[];
  /** `nodeEncoder()` of ganatomy/node, `canvasEncoder()` of ganatomy/report, or one of your own. */
  readonly encoder: ImageEncoder;
  /** What reads masks that are PNGs; `decodePng` of ganatomy/report unless given. */
  readonly decoder?: ImageDecoder;
  /** Files below /client/: the published `client_dist`, or a client of your own. */
  readonly client?: Files;
  /**
   * Makes another device in place of one that was lost: `() => init()` or, in Node, `async () =>
   * init({ gpu: await findGpu() })`. Networks are made anew on it, and requests go on. Without it
   * they are answered with 503 from then on.
   */
  readonly device?: () => Promise<Device>;
  /** What is not the preset of `LIMITS`. */
  readonly limits?: Partial<Limits>;
  /** A path before all others, such as "/gan". */
  readonly base?: string;
  /** Hears what was not foreseen; clients are not told. */
  readonly onError?: (error: unknown) => void;
}

const NAMES: NamesOf<HandlerOptions> = {
  projects: "needed",
  encoder: "needed",
  decoder: true,
  client: true,
  device: true,
  limits: true,
  base: true,
  hosts: true,
  cors: "list",
  token: true,
  onError: true,
};

/** Answers requests; never rejects. */
export interface Handler {
  (request: Request): Promise<Response>;
  /** Whether a request is for this handler, by its path: for Service Workers. */
  matches(request: Request): boolean;
  /** Lets go of what it made; generators and segmenters that were given are their owners'. */
  dispose(): void;
}

/**
 * The published server of gandissect ("Ganter API 0.1") and our own routes as a function of
 * requests, for whatever speaks Fetch: `Deno.serve(handler)`, `Bun.serve({ fetch: handler })`, a
 * Service Worker's `event.respondWith(handler(event.request))`, Node by `listen` of ganatomy/node.
 * docs/server.md says what it answers.
 * @throws UsageError for options that make no sense.
 */
export function createHandler(options: HandlerOptions): Handler {
  checkNames("createHandler", options, NAMES);
  const { projects, encoder, decoder = { png: decodePng }, client, base = "", onError } = options;
  given(encoder, "encoder", ["png", "jpeg"], ENCODER);
  given(decoder, "decoder", ["png"], "an object with png(bytes)");
  if (base !== "" && !/^(\/[\w.-]+)+$/.test(base)) {
    throw new UsageError(`"${base}" is no path.`, 'Begin it with "/", and end it without one.');
  }
  const limits = limitsOf(options.limits);
  const guard = new Guard(options);
  const devices = new Devices(options.device);
  const served: Served = {
    projects: new Map(projects.map((project) => [project.name, new ServedProject(project, limits, devices)])),
    encoder,
    decoder,
    pictures: new Pictures(encoder, limits),
    limits,
    base,
  };
  if (served.projects.size < projects.length) {
    throw new UsageError("Two projects have one name.", "Give each another name.");
  }
  const pathOf = (request: Request): string | undefined => {
    const { pathname } = new URL(request.url);
    return pathname === base || pathname.startsWith(`${base}/`) ? pathname.slice(base.length) || "/" : undefined;
  };
  const handler = async (request: Request): Promise<Response> => {
    let response: Response;
    try {
      response = guard.check(request) ?? (await answer(served, client, request, pathOf(request)));
    } catch (error) {
      response = refusal(error);
      if (response.status === 500) onError?.(error);
    }
    const whole = guard.dressed(response, request);
    if (request.method !== "HEAD") return whole;
    await whole.body?.cancel(); // which may be a stream that somebody works for
    return new Response(null, whole);
  };
  return Object.assign(handler, {
    matches: (request: Request) => /^\/(api|data|client)\//.test(pathOf(request) ?? ""),
    dispose: () => {
      for (const project of served.projects.values()) project.dispose();
      devices.dispose();
    },
  });
}

async function answer(
  served: Served,
  client: Files | undefined,
  request: Request,
  path: string | undefined,
): Promise<Response> {
  const { method } = request;
  const [, room, rest = ""] = /^\/(api|data|client)(\/.*)$/.exec(path ?? "") ?? [];
  const call: CallOf = (body = {}): Call => ({
    ...served,
    url: new URL(request.url),
    signal: request.signal,
    fields: {},
    ...body,
    known: (request.headers.get("if-none-match") ?? "").split(/\s*,\s*/),
    lastEvent: request.headers.get("last-event-id"),
  });
  if (room === "api") return apiAnswer(served, request, rest, call);
  if (method !== "GET" && method !== "HEAD") throw notAllowed(method, "GET, HEAD");
  if (path === "/") {
    const location = `${served.base}/${client ? "client/index.html" : await reportOf(served)}`;
    return new Response(null, { status: 302, headers: { location } });
  }
  if (room === "data") return dataFile(call(), rest);
  if (room === "client" && client) return folderFile(call(), client, partsOf(rest).join("/"));
  const fix = "Give the handler `client`, or `ganatomy serve` --client CLONE, a clone of CSAILVision/gandissect.";
  throw notFound(room === "client" ? "There is no client here." : "There is nothing here.", fix);
}

/** What is there to look at where there is no client. */
async function reportOf({ projects }: Served): Promise<string> {
  for (const { name, files } of projects.values()) {
    if (await files.read("report.html")) return `data/${encodeURIComponent(name)}/report.html`;
  }
  return "api/all_projects";
}

type CallOf = (body?: Partial<Pick<Call, "fields" | "file">>) => Call;

async function apiAnswer(served: Served, request: Request, path: string, callOf: CallOf): Promise<Response> {
  const method = request.method === "HEAD" ? "GET" : request.method;
  const [, layer, format] = ATLAS.exec(path) ?? [];
  const own =
    layer === undefined
      ? (V1[path] ?? SESSION[path])
      : { GET: (call: Call) => atlas(call, partsOf(layer)[0]!, format!) };
  const route = own ?? GANTER[path];
  if (!route) throw notFound("There is no such route.", "docs/server.md lists them.");
  const allowed = Object.keys(route).map((each) => (each === "GET" ? "GET, HEAD" : each));
  if (!Object.hasOwn(route, method)) throw notAllowed(method, allowed.join(", "));
  const { body, latents } = served.limits;
  const isFile = route === SESSION[LATENTS];
  const sent = async () =>
    isFile ? { file: await fileOf(request, latents) } : { fields: await bodyOf(request, body) };
  const call = callOf(method === "POST" ? await sent() : {});
  const answered = await (route as Readonly<Record<string, Answer>>)[method]!(call);
  const response = answered instanceof Response ? answered : Response.json(answered);
  if (!response.headers.has("cache-control")) response.headers.set("cache-control", "no-store");
  return response;
}

const notAllowed = (method: string, allow: string): Refused =>
  new Refused(405, "method", `${method} is not answered here.`, `Use ${allow}.`, { allow });
