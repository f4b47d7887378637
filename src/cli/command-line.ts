// Tests: test/cli/main.test.ts, test/cli/commands/dissect.test.ts
import { type Command, CommanderError } from "commander";
import { GanatomyError } from "../errors.ts";
import { VERSION } from "../version.ts";
import { EXIT, exitStatus } from "./exit.ts";
import { causeOf } from "./files-read.ts";
import { inFlags } from "./flags.ts";
import { Interrupted } from "./interrupt.ts";
import { commandLine } from "./program.ts";
import { say } from "./terminal.ts";

/** Runs a command line; resolves with the exit status. */
export async function main(args: readonly string[]): Promise<number> {
  let status: number = EXIT.ok;
  try {
    const program = commandLine(VERSION, (result) => {
      status = result;
    });
    await program.parseAsync(asked(args, program), { from: "user" });
    return status;
  } catch (error) {
    // Commander has said what is wrong by itself; help and version end here too, with 0.
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
    if (error instanceof Interrupted) return EXIT.aborted;
    say(`${inFlags(explain(error))}\n`);
    return exitStatus(error);
  }
}

/**
 * `help NAME` is `NAME --help`; where there is no such command, help of all would hide which one is
 * near.
 */
function asked(args: readonly string[], { commands }: Command): readonly string[] {
  const [first, name] = args;
  if (first === undefined) return ["--help"];
  const of = first === "help" ? name : first;
  if (of === undefined || of === "help" || of.startsWith("-")) return args;
  if (!commands.some((command) => command.name() === of)) return [of];
  return first === "help" ? [of, "--help"] : args;
}

function explain(error: unknown): string {
  if (error instanceof GanatomyError && error.fix) {
    return `error: ${causeOf(error)}\n  fix: ${error.fix}`;
  }
  if (error instanceof GanatomyError) return `error: ${error.message}`;
  return `error: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`;
}

// A reader that closes the pipe early (`| head`) is no failure; a full disk is.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") process.exit(EXIT.ok);
  const full = error.code === "ENOSPC" || error.code === "EDQUOT";
  say(
    full
      ? "error: What was to be printed cannot be: the disk is full.\n  fix: Free some space, or print to another place.\n"
      : `error: What was to be printed cannot be: ${error.code ?? error.message}.\n`,
  );
  process.exit(EXIT.output);
});
// Nobody reads what is said any more, a terminal that was closed for instance.
process.stderr.on("error", () => {});
