/**
 * Milliseconds in which a waiting Dawn asks at every turn of the event loop, so that short work
 * ends without delay: Node's timers are a millisecond late, of which a GPU's frame has few, …
 */
const EAGER = 16;
/** … while a software adapter needs the core on which it is asked. */
const EAGER_SOFTWARE = 1;
/**
 * From then on it asks after pauses of this share of the time it has waited: as much longer may the
 * waiting become, …
 */
const SHARE = 1 / 16;
/** … and never of more milliseconds, so that what else is awaited meanwhile is not forgotten. */
const LONGEST = 8;

type Turn = () => void;
type SetImmediate = (turn: Turn, ...rest: unknown[]) => unknown;
interface Host {
  setImmediate?: SetImmediate;
}

/** When the youngest call began to wait, and until when it asks at every turn. */
let since = 0;
let eagerUntil = 0;
/** Turns of Dawn that are put off: one of each of its instances. */
const put = new Set<{ readonly turn: Turn }>();
/**
 * The host's timer as it was at the first call: a test that fakes it must not hold up a GPU,
 * neither while it does, nor afterwards if it did so at the first call.
 */
let first: typeof setTimeout | undefined;
/** The host's own `setImmediate` while ours is in its place. */
let own: SetImmediate | undefined;

/**
 * Makes a call whose promise WebGPU settles, in a way that makes waiting for it cheap in Node.
 * There Dawn asks for what is done in turns that it posts through `globalThis.setImmediate`, looked
 * up each time, as long as any promise is pending: 120,000 turns a second, which take a whole core
 * (`webgpu` 0.6.2). Here it finds ours there, for the time of the call and of its own turns, which
 * puts turns off the longer they are in vain. To everybody else the global stays what it is.
 * Elsewhere this is the call alone.
 */
export function waitable<T>(call: () => T, software: boolean): T {
  since = performance.now();
  eagerUntil = since + (software ? EAGER_SOFTWARE : EAGER);
  first ??= setTimeout;
  for (const waiting of [...put]) {
    put.delete(waiting);
    post(waiting.turn);
  }
  return inOurPlace(call);
}

/** Does what Dawn does, while it finds our `setImmediate`. */
function inOurPlace<T>(work: () => T): T {
  const host = globalThis as Host;
  const before = host.setImmediate;
  // Not Node, or within another call, or in a realm whose globals are frozen.
  if (!before || before === paced || !Reflect.set(host, "setImmediate", paced)) return work();
  own = before;
  try {
    return work();
  } finally {
    host.setImmediate = before;
  }
}

/** `setImmediate` as Dawn finds it. */
function paced(turn: Turn, ...rest: unknown[]): unknown {
  // An event listener that Dawn calls in its turn is somebody else's code, and gets what it asks
  // for.
  const isDawns = rest.length === 0 && /\[native code\]\s*\}$/.test(Function.prototype.toString.call(turn));
  return isDawns ? post(() => inOurPlace(turn)) : own?.(turn, ...rest);
}

function post(turn: Turn): unknown {
  const now = performance.now();
  if (now < eagerUntil || !first) return (own ?? (globalThis as Host).setImmediate)?.(turn);
  const waiting = { turn };
  put.add(waiting);
  const due = (): void => {
    if (put.delete(waiting)) turn();
  };
  for (const timer of new Set([first, setTimeout])) timer(due, Math.min(LONGEST, (now - since) * SHARE));
  return waiting;
}
