// Tests: test/cli/commands/one-folder.test.ts
/** Options that change nothing of what is in an output folder. */
const OTHERS = ["outdir", "force", "json", "batch", "memory", "tune", "chrome"];

/**
 * What decides what a command puts into its output folder: its options and arguments, and what
 * else is given.
 */
export function settingsOf(command: string, options: object, ...given: readonly unknown[]): unknown {
  return [command, Object.fromEntries(Object.entries(options).filter(([name]) => !OTHERS.includes(name))), ...given];
}
