import type { Session } from "./session.ts";

/** A session that is elsewhere. */
export interface RemoteSession extends Session {
  /**
   * A port for somebody else to `connect` by, who shares this session: an iframe, or a service
   * worker that cannot use the GPU. Transfer it.
   */
  share(): MessagePort;
}
