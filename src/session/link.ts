import { GanatomyError, UsageError } from "../errors.ts";
import { unpackError } from "../report/wire-error.ts";
import { abortable } from "../weights/abort.ts";
import { type FromSession, type Port, type ToSession, WIRE_VERSION } from "./wire.ts";

// Tests: test/session/serve.test.ts, test/session/session.test.ts

/** Items of a stream that may be under way: so many that whoever makes them need not wait. */
const CREDIT = 4;

/** Who waits for the answer to a call. */
interface Waiting {
  event(event: unknown): void;
  resolve(result: unknown): void;
  reject(error: unknown): void;
}

/** Sends what is not answered. */
export interface Teller {
  /** @throws UsageError for what cannot cross. */
  tell(method: string, params: object, transfer?: readonly Transferable[]): void;
  /** Nobody hears of what fails any more. */
  end(): void;
}

/** Calls across a port, and their answers. */
export class Link {
  readonly #port: Port;
  readonly #waiting = new Map<number, Waiting>();
  /** Those who hear of what fails of what they told. */
  readonly #tellers = new Map<number, (error: Error) => void>();
  #last = 0;
  /** Why nothing is answered any more. */
  #ended: Error | undefined;

  constructor(port: Port) {
    this.#port = port;
    port.addEventListener("message", ({ data }) => this.#take(data as FromSession));
    port.addEventListener("messageerror", () => {
      this.end(new UsageError("An answer could not be read.", "Both sides must be of one version of ganatomy."));
    });
    port.addEventListener("close", () => this.end(threadLost("its port was closed")));
    port.start?.();
  }

  /**
   * Somebody who tells what nobody waits for, such as a pointer's every step: nothing comes back
   * but what fails.
   */
  teller(failed: (error: Error) => void): Teller {
    this.#last += 1;
    const id = this.#last;
    this.#tellers.set(id, failed);
    return {
      tell: (method, params, transfer = []) => {
        if (!this.#ended) this.#post({ v: WIRE_VERSION, id, method, params, told: true }, transfer);
      },
      end: () => this.#tellers.delete(id),
    };
  }

  /**
   * Asks, and waits for the answer; `onEvent` gets what comes before it.
   * @throws what is thrown on the other side; the signal's reason.
   */
  async ask<T>(
    method: string,
    params: object,
    {
      signal,
      onEvent = () => {},
      transfer = [],
    }: {
      readonly signal?: AbortSignal | undefined;
      readonly transfer?: readonly Transferable[];
      onEvent?(event: unknown): void;
    } = {},
  ): Promise<T> {
    this.check();
    signal?.throwIfAborted();
    let id: number | undefined;
    const answer = new Promise<unknown>((resolve, reject) => {
      id = this.#send(method, params, { event: onEvent, resolve, reject }, transfer);
    });
    answer.catch(() => {}); // whoever aborted does not wait for it
    try {
      return (await abortable(answer, signal)) as T;
    } finally {
      this.#abort(id!);
    }
  }

  /**
   * Asks for a stream. Items are asked for as they are taken, so that a slow reader is not buried;
   * leaving the loop ends it on the other side.
   */
  async *stream<T>(
    method: string,
    params: object,
    { signal, credit = CREDIT }: { readonly signal?: AbortSignal | undefined; readonly credit?: number } = {},
  ): AsyncGenerator<T, void, undefined> {
    this.check();
    signal?.throwIfAborted();
    const items: T[] = [];
    let done = false;
    let failure: { readonly error: unknown } | undefined;
    let more: () => void = () => {};
    const id = this.#send(method, params, {
      event: (item) => {
        items.push(item as T);
        more();
      },
      resolve: () => {
        done = true;
        more();
      },
      reject: (error) => {
        failure = { error };
        more();
      },
    });
    try {
      this.#port.postMessage({ id, credit }, []);
      for (;;) {
        signal?.throwIfAborted();
        const item = items.shift();
        if (item !== undefined) {
          yield item;
          if (!this.#ended) this.#port.postMessage({ id, credit: 1 }, []);
        } else if (failure) throw failure.error;
        else if (done) return;
        else await abortable(new Promise<void>((resolve) => (more = resolve)), signal);
      }
    } finally {
      this.#abort(id);
    }
  }

  #send(method: string, params: object, waiting: Waiting, transfer: readonly Transferable[] = []): number {
    this.#last += 1;
    const id = this.#last;
    this.#post({ v: WIRE_VERSION, id, method, params }, transfer);
    this.#waiting.set(id, waiting);
    return id;
  }

  /** @throws UsageError for what cannot cross. */
  #post(message: ToSession, transfer: readonly Transferable[]): void {
    try {
      this.#port.postMessage(message, [...transfer]);
    } catch (cause) {
      throw new UsageError("What was given cannot be sent to a worker.", "Give plain data, bytes and files.", {
        cause,
      });
    }
  }

  /** Forgets about a call; the other side too, if it has not answered. */
  #abort(id: number): void {
    if (this.#waiting.delete(id) && !this.#ended) this.#port.postMessage({ id, abort: true }, []);
  }

  #take(message: FromSession): void {
    const { id } = message;
    const waiting = id === null ? undefined : this.#waiting.get(id);
    if ("event" in message) waiting?.event(message.event);
    else if ("result" in message) waiting?.resolve(message.result);
    else if (id === null) this.end(unpackError(message.error));
    else (this.#tellers.get(id) ?? waiting?.reject)?.(unpackError(message.error));
    if (!("event" in message) && id !== null) this.#waiting.delete(id);
  }

  /** @throws why nothing is answered any more. */
  check(): void {
    if (this.#ended) throw this.#ended;
  }

  /** Ends it on this side, of which those who told something do not hear. */
  close(reason: Error): void {
    this.#tellers.clear();
    this.end(reason);
  }

  /** Nothing is answered any more, which whoever waits or told something hears. */
  end(reason: Error): void {
    if (this.#ended) return;
    this.#ended = reason;
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const { reject } of waiting) reject(reason);
    for (const tell of this.#tellers.values()) tell(reason);
    this.#port.close();
  }
}

/** What became of a thread that does not answer. */
export const threadLost = (what: string): GanatomyError =>
  new GanatomyError(
    "network",
    `The worker ended: ${what}.`,
    "Check the address of ganatomy/worker, and connect again.",
  );
