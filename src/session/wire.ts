import { UsageError } from "../errors.ts";
import type { WireError } from "../report/wire-error.ts";
import { shown } from "./checks.ts";
import type { Loaded, Rendered, SessionEvents } from "./session.ts";

// Tests: test/session/serve.test.ts, test/session/session.test.ts

/** What is said between a session and whoever is on the other side of its port. */
export const WIRE_VERSION = 1;

/** To the session. */
export type ToSession =
  /** Answered by events, and once by a result or an error; what is only told by an error alone. */
  | {
      readonly v: typeof WIRE_VERSION;
      readonly id: number;
      readonly method: string;
      readonly params: object;
      readonly told?: boolean;
    }
  /** The answer is not waited for any more. */
  | { readonly id: number; readonly abort: true }
  /** So many events more may come; those of a stream wait for it. */
  | { readonly id: number; readonly credit: number };

/** From the session; `id` is the call's, or null for what was no call. */
export type FromSession =
  | { readonly id: number; readonly result: unknown }
  | { readonly id: number | null; readonly error: WireError }
  | { readonly id: number; readonly event: unknown };

/** What happens without being asked for, as it crosses: the events of the call "events". */
export type WireEvent =
  /** The first. */
  | { readonly type: "connected"; readonly loaded: Loaded | undefined }
  | { readonly type: "progress"; readonly event: SessionEvents["progress"] }
  | { readonly type: "loaded"; readonly event: Loaded }
  | { readonly type: "restored"; readonly event: SessionEvents["restored"] }
  | { readonly type: "lost"; readonly error: WireError }
  /** `view` is the number that whoever asks gave it. */
  | { readonly type: "error"; readonly error: WireError; readonly view?: number }
  | { readonly type: "rendered"; readonly view: number; readonly event: Rendered };

/** What of a MessagePort is needed; Node's are alike. */
export interface Port {
  /** Sends a message; what is in `transfer` moves there and is not copied. */
  postMessage(message: unknown, transfer: Transferable[]): void;
  /** What came, or could not be read. */
  addEventListener(
    type: "message" | "messageerror",
    listener: (event: {
      /** What was sent. */
      readonly data: unknown;
    }) => void,
  ): void;
  /** The other side is gone; not every browser says so. */
  addEventListener(type: "close", listener: () => void): void;
  /** Begins to hear messages, of those that wait for it. */
  start?(): void;
  /** Ends the connection. */
  close(): void;
}

/**
 * A message of somebody's, whoever that is.
 * @throws UsageError for one that is none.
 */
export function readMessage(data: unknown): ToSession {
  const message = (typeof data === "object" && data !== null ? data : {}) as Partial<Record<string, unknown>>;
  const { v, id, method, params, credit, told } = message;
  if (!Number.isSafeInteger(id)) throw new UsageError("This message has no id.", "Give it a whole number.");
  if ("abort" in message) return { id: id as number, abort: true };
  if ("credit" in message) {
    if (typeof credit === "number" && credit > 0) return { id: id as number, credit };
    throw new UsageError(`A credit of ${shown(credit)} makes no sense.`, "Give a number above 0.");
  }
  if (v !== WIRE_VERSION) {
    throw new UsageError(`This message is of version ${shown(v)}.`, `Both sides must speak version ${WIRE_VERSION}.`);
  }
  if (typeof method !== "string" || typeof params !== "object" || params === null) {
    throw new UsageError("This message calls nothing.", "Give it a method and params.");
  }
  return { v, id: id as number, method, params, told: told === true };
}

/** How deep bytes lie in what is sent. */
const DEPTH = 3;

/** Buffers of arrays in a message that hold nothing else, which need not be copied. */
export function buffersIn(value: unknown, depth = DEPTH): ArrayBuffer[] {
  if (typeof value !== "object" || value === null) return [];
  if (value instanceof ArrayBuffer) return [value];
  if (ArrayBuffer.isView(value)) {
    const { buffer, byteLength } = value;
    return buffer instanceof ArrayBuffer && buffer.byteLength === byteLength ? [buffer] : [];
  }
  if (depth === 0 || value instanceof Blob) return [];
  return [...new Set(Object.values(value).flatMap((part) => buffersIn(part, depth - 1)))];
}
