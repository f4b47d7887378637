/**
 * What a file of so many bytes may cost before it is refused, or what it holds is there.
 *
 * The rule of memory is of resident bytes above those of Node itself with nothing loaded; the rule
 * of time is of the process's CPU time, all threads together.
 */
export const mayTake = (bytes: number): { readonly memory: number; readonly cpuMs: number } => ({
  memory: bytes <= 10e6 ? 64e6 + 40 * bytes : 150e6 + 3 * bytes,
  cpuMs: 1000 + bytes / 1000,
});
