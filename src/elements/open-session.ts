import { UnsupportedError } from "../errors.ts";
import type { Session } from "../session/session.ts";

// Tests: test/elements/gan-session.test.ts

/** Where a session is, as its element says it. */
interface Where {
  readonly server: string;
  readonly project: string;
  readonly worker: string;
}

/**
 * A session of an element's own: of a server, in a worker ("auto", or a script's address), or in
 * the page ("off"). None is loaded before it is asked for, so that a page with a worker does not
 * load what computes.
 *
 * @throws what `connect` does, for an address; the signal's reason.
 */
export async function openSession({ server, project, worker }: Where, signal: AbortSignal): Promise<Session> {
  if (worker === "off" && !server) return inPage(signal);
  const { connect } = await import("../session/connect.ts");
  if (server) return connect({ url: server, ...(project && { project }), signal });
  if (worker !== "auto") return connect({ worker: new URL(worker, document.baseURI), signal });
  // Without WebGPU a worker could only say the same later.
  if (typeof Worker === "undefined" || typeof OffscreenCanvas === "undefined") return inPage(signal);
  try {
    return await connect({ worker: new URL("../worker.min.js", import.meta.url), signal });
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof UnsupportedError) throw error;
    // Bundled, or from another origin, the script is not where it was, or may not be started.
    return inPage(signal);
  }
}

async function inPage(signal: AbortSignal): Promise<Session> {
  const { createSession } = await import("../session/in-process.ts");
  signal.throwIfAborted();
  return createSession();
}
