import { GanatomyError } from "../errors.ts";

/** How V8, its WebAssembly, Node and zlib say that there is no room for more. */
const WORDS = /^Array buffer allocation failed|out of memory|could not allocate memory/i;
const CODES: readonly unknown[] = ["ERR_MEMORY_ALLOCATION", "Z_MEM_ERROR"];

/** Whether something failed as memory ran out, not by what it was at. */
export const ranOut = (cause: unknown): cause is Error =>
  cause instanceof Error &&
  ((cause instanceof RangeError && WORDS.test(cause.message)) || CODES.includes((cause as { code?: unknown }).code));

/** That as an error which says what there was no room for: `"a.png"`. Anything else as it is. */
export function noRoom(cause: unknown, what: string): unknown {
  if (!ranOut(cause)) return cause;
  return new GanatomyError(
    "host-memory",
    `${what} needs more memory than this machine has left.`,
    "Close other programs, take a machine of more memory, or use a smaller file.",
    { cause },
  );
}
