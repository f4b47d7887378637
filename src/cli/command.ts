import type { Command } from "commander";

/** A command: a file in commands/ that exports one of these, and its line in commands/index.ts. */
export interface CliCommand<Options = never, Arguments extends readonly unknown[] = []> {
  readonly name: string;
  readonly description: string;
  /** Adds its arguments and options. */
  readonly options: (command: Command) => unknown;
  /**
   * Runs it; resolves with the exit status. Arguments come in their order, one that repeats
   * (`<photos...>`) as a list.
   */
  readonly run: (options: Options, ...given: Arguments) => Promise<number>;
  /** What its help says of resuming after Ctrl-C; left out where it starts over. */
  readonly resumes?: string;
  /** What else its help says after the options. */
  readonly help?: string;
}

/** Any of them, whatever its options. */
export type AnyCommand = CliCommand<never, never[]>;
