import { UnsupportedError } from "../errors.ts";
import type { Session } from "../session/session.ts";

// Tests: test/elements/gan-session.test.ts

/** Where a session is, as its element says it. */
interface Where {
  readonly server?: string;
  readonly project?: string;
  readonly worker: string;
}

/**
 * A session of an element's own: of a server, in a worker ("auto", or a script's address), or in
 * the page: "off", or where workers have no WebGPU. None is loaded before it is asked for, so that
 * a page with a worker does not load what computes.
 *
 * @throws what `connect` does, for an address; the signal's reason.
 */
export async function openSession({ server, project, worker }: Where, signal?: AbortSignal): Promise<Session> {
  if (worker === "off" && !server) return inPage(signal);
  const { connect } = await import("../session/connect.ts");
  if (server) return connect({ url: server, ...(project && { project }), signal });
  const isNamed = worker !== "auto";
  if (!isNamed && (typeof Worker === "undefined" || typeof OffscreenCanvas === "undefined")) return inPage(signal);
  try {
    const script = isNamed ? new URL(worker, document.baseURI) : new URL("../worker.min.js", import.meta.url);
    return await connect({ worker: script, signal });
  } catch (error) {
    signal?.throwIfAborted();
    // One that nobody named, bundled or from another origin, is not where it was, or may not be
    // started.
    if (isNamed && !(error instanceof UnsupportedError)) throw error;
    return inPage(signal);
  }
}

async function inPage(signal: AbortSignal | undefined): Promise<Session> {
  const { createSession } = await import("../session/in-process.ts");
  signal?.throwIfAborted();
  return createSession();
}
