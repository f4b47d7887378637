import { UsageError } from "../errors.ts";
import { Refused } from "./refused.ts";

/** Who may ask. */
export interface GuardOptions {
  /**
   * Hosts, with their ports, that requests may be addressed to; any port of this machine's own
   * names unless given. A page elsewhere can have its name point at this machine, and is then of
   * one origin with it (DNS rebinding); the Host header still says that name. "any" is for those
   * who must bear a token, whose cookie such a page would not have.
   */
  readonly hosts?: readonly string[] | "any" | undefined;
  /** Origins besides its own whose pages may ask. */
  readonly cors?: readonly string[] | undefined;
  /**
   * A secret that requests must bear: as `authorization: Bearer`, or once as `?token=`, which
   * becomes a cookie.
   */
  readonly token?: string | undefined;
}

const LOOPBACK = ["localhost", "127.0.0.1", "[::1]"];
const COOKIE = "ganatomy-token";

/** Lets through what this machine's own programs and pages ask for, and nobody else. */
export class Guard {
  readonly #hosts: readonly string[] | "any" | undefined;
  readonly #cors: readonly string[];
  readonly #token: string | undefined;

  /**
   * @throws UsageError for a token that is empty, where any host may be asked without one, and for
   * hosts and origins that no request could have.
   */
  constructor({ hosts, cors = [], token }: GuardOptions) {
    if (token === "" || (hosts === "any" && token === undefined)) {
      throw new UsageError("Any host may be asked, and there is no token.", "Give a `token`, or list the hosts.");
    }
    for (const origin of cors) checkOrigin(origin);
    this.#hosts = hosts === "any" ? hosts : hosts?.map(hostOf);
    this.#cors = cors;
    this.#token = token;
  }

  /**
   * Nothing, or the answer to a request that asks only whether it may ask, or brings its token.
   * @throws Refused 403, 401.
   */
  check(request: Request): Response | undefined {
    const url = new URL(request.url);
    this.#checkHost(url);
    this.#checkOrigin(request, url);
    if (request.method === "OPTIONS") return new Response(null, { status: 204, headers: { allow: "GET, HEAD, POST" } });
    return this.#checkToken(request, url);
  }

  #checkHost({ host, hostname }: URL): void {
    const hosts = this.#hosts;
    if (hosts === "any" || (hosts ? hosts.includes(host) : LOOPBACK.includes(hostname))) return;
    throw forbidden(`This server is not "${host}".`, "Use the address that it printed, or start it with that host.");
  }

  /** Browsers say whose page asks: what other sites' pages send is not answered. */
  #checkOrigin({ headers, method }: Request, { origin: own }: URL): void {
    const origin = headers.get("origin");
    if (origin !== null) {
      if (origin === own || this.#cors.includes(origin)) return;
      throw forbidden(`Pages of ${origin} may not ask this server.`, "Name that origin in cors.");
    }
    const site = headers.get("sec-fetch-site");
    if (site === null || site === "same-origin" || site === "none") return;
    // A link to a page of ours may be followed from anywhere.
    if (method === "GET" && headers.get("sec-fetch-dest") === "document") return;
    if (this.#cors.some((listed) => headers.get("referer")?.startsWith(`${listed}/`))) return;
    throw forbidden("Other sites' pages may not ask this server.", "Name their origin in cors.");
  }

  #checkToken({ headers, method }: Request, url: URL): Response | undefined {
    const token = this.#token;
    if (token === undefined) return undefined;
    const brought = url.searchParams.get("token");
    if (method === "GET" && brought !== null && equal(brought, token)) {
      url.searchParams.delete("token");
      const cookie = `${COOKIE}=${encodeURIComponent(token)}; Path=/; HttpOnly; SameSite=Lax`;
      // Of one slash: behind two of them an address begins with another host.
      const location = `${url.pathname.replace(/^\/+/, "/")}${url.search}`;
      return new Response(null, { status: 302, headers: { location, "set-cookie": cookie } });
    }
    const bearer = /^Bearer (.+)$/i.exec(headers.get("authorization") ?? "")?.[1];
    const cookie = (headers.get("cookie") ?? "").split(/;\s*/).find((each) => each.startsWith(`${COOKIE}=`));
    const shown = bearer ?? cookie?.slice(COOKIE.length + 1);
    if (shown !== undefined && equal(shown, bearer === undefined ? encodeURIComponent(token) : token)) return undefined;
    const fix = "Open the address that it printed, with ?token=, or send authorization: Bearer TOKEN.";
    throw new Refused(401, "token", "This server answers those who know its token.", fix, {
      "www-authenticate": "Bearer",
    });
  }

  /** The response with the headers that all have. */
  dressed(response: Response, request: Request): Response {
    const { headers } = response;
    headers.set("x-content-type-options", "nosniff");
    if (this.#cors.length === 0) return response;
    headers.append("vary", "origin");
    const origin = request.headers.get("origin");
    if (origin === null || !this.#cors.includes(origin)) return response;
    headers.set("access-control-allow-origin", origin);
    headers.set("access-control-expose-headers", "retry-after");
    if (request.method !== "OPTIONS") return response;
    headers.set("access-control-allow-methods", "GET, POST");
    headers.set("access-control-allow-headers", "content-type, authorization");
    headers.set("access-control-max-age", "600");
    return response;
  }
}

/** Refuses what browsers never send as an origin: who may ask could otherwise never do so. */
function checkOrigin(origin: string): void {
  const url = typeof origin === "string" && URL.canParse(origin) ? new URL(origin) : undefined;
  if (url && url.origin === origin && url.origin !== "null") return;
  const near =
    url && url.origin !== "null" ? `Write ${url.origin}.` : "Write it as https://my.page, and each by itself.";
  throw new UsageError(`\`cors\` has ${JSON.stringify(origin)}, which is no origin of pages.`, near);
}

/** A host as requests' addresses have it, which leave the port 80 out. */
function hostOf(host: string): string {
  const url = typeof host === "string" && URL.canParse(`http://${host}`) ? new URL(`http://${host}`) : undefined;
  if (url && (url.host === host || `${url.host}:80` === host)) return url.host;
  throw new UsageError(
    `\`hosts\` has ${JSON.stringify(host)}, which is no host.`,
    "Write it as my.server or my.server:8080, without https:// and path.",
  );
}

const forbidden = (message: string, fix: string): Refused => new Refused(403, "forbidden", message, fix);

/** Whether texts are equal, in a time that does not tell where they differ. */
function equal(a: string, b: string): boolean {
  let differ = a.length ^ b.length;
  for (let i = 0; i < b.length; i += 1) differ |= (a.charCodeAt(i) || 0) ^ b.charCodeAt(i);
  return differ === 0;
}
