import { UnsupportedError, UsageError } from "../errors.ts";
import { packError } from "../report/wire-error.ts";
import { hasEntryPoint } from "../runtime/host.ts";
import { createSession } from "./in-process.ts";
import { serve } from "./serve.ts";
import type { Session } from "./session.ts";
import { type Port, readMessage, WIRE_VERSION } from "./wire.ts";

// Tests: test/session/scope.test.ts, test/browser/session.test.ts

/** What of a worker's global scope is needed, whichever kind of worker it is. */
export interface WorkerScope {
  /** Service workers have it. */
  readonly clients?: unknown;
  addEventListener(
    type: "message" | "connect",
    listener: (event: { readonly data?: unknown; readonly ports?: readonly Port[] }) => void,
  ): void;
}

const ROUTE =
  'Send it a port of the page\'s worker: { v: 1, id: 0, method: "route", params: { port: session.share() } }.';
const IN_PAGE = "Compute in the page: createSession().";
const withoutGpu = (where: string, fix: string): UnsupportedError =>
  new UnsupportedError("no-webgpu", `This browser has no WebGPU in ${where}.`, fix);

/**
 * Serves one session to all who connect to a worker: by messages to a dedicated worker or a service
 * worker, or by the ports of a shared worker. A service worker that is given a port to a session
 * elsewhere ("route") sends everybody there: it is stopped when it idles, and in Firefox cannot use
 * the GPU.
 */
export function serveScope(scope: WorkerScope, create: () => Session = createSession, gpu = hasEntryPoint): void {
  let session: Session | undefined;
  let route: Port | undefined;

  const connect = (port: Port): void => {
    if (route) {
      route.postMessage({ v: WIRE_VERSION, id: 0, method: "share", params: { port } }, [port as MessagePort]);
      return;
    }
    if (!gpu()) throw scope.clients ? withoutGpu("service workers", ROUTE) : withoutGpu("workers", IN_PAGE);
    session ??= create();
    serve(session, port);
  };
  const take = (data: unknown): void => {
    let port: Port | undefined;
    try {
      const message = readMessage(data);
      const method = "method" in message ? message.method : undefined;
      port = "params" in message ? (message.params as { readonly port?: Port }).port : undefined;
      if (typeof port?.postMessage !== "function")
        throw new UsageError("This message brings no port.", "Transfer one.");
      if (method === "connect") connect(port);
      else if (method === "route") route = port;
      else throw new UsageError(`A worker knows no "${method}".`, 'Send "connect" or "route".');
    } catch (error) {
      port?.postMessage({ id: null, error: packError(error) }, []);
    }
  };
  scope.addEventListener("message", ({ data }) => take(data));
  scope.addEventListener("connect", ({ ports = [] }) => {
    for (const port of ports) {
      port.addEventListener("message", ({ data }) => take(data));
      port.start?.();
    }
  });
}
