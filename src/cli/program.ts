import { Argument, Command } from "commander";
import type { AnyCommand } from "./command.ts";
import { COMMANDS } from "./commands/index.ts";
import { completion, SHELLS, type Shell } from "./completion.ts";
import { EXAMPLES } from "./examples.ts";
import { EXIT, EXIT_HELP } from "./exit.ts";
import { checkPaths } from "./paths.ts";
import { speak } from "./progress.ts";
import { print, say } from "./terminal.ts";

/**
 * The commands with their options. `done` receives the exit status; `check` looks at what a command
 * was given before it runs.
 */
export function commandLine(
  version: string,
  done: (status: number) => void,
  commands: readonly AnyCommand[] = COMMANDS,
  check: (command: Command) => void = checkPaths,
): Command {
  const program = new Command("ganatomy")
    .description("GAN Dissection on WebGPU: which units of a GAN draw which objects?")
    .version(version)
    .option("-q, --quiet", "say nothing on stderr but errors")
    .option("--verbose", "say more on stderr: adapter, kernels, batches, times, caches, files")
    .hook("preAction", () => {
      speak(program.opts());
    })
    .exitOverride()
    .configureOutput({ writeOut: print, writeErr: say })
    .showHelpAfterError("(--help tells more)")
    .addHelpText("after", ending([EXAMPLES]));
  for (const { name, description, options, run, resumes, help } of commands) {
    const command = program
      .command(name)
      .description(description)
      .addHelpText("after", ending([help, resumes]));
    options(command);
    // Commander hands over the arguments, then the options, then the command.
    command.action(async (...given: unknown[]) => {
      check(command);
      done(await run(given.at(-2) as never, ...(given.slice(0, -2) as never[])));
    });
  }
  program
    .command("completion")
    .description("print a script by which a shell completes commands and options")
    .addArgument(new Argument("<shell>", "whose").choices(SHELLS))
    .addHelpText("after", ending([COMPLETION_HELP]))
    .action((shell: Shell) => {
      print(completion(program, shell));
      done(EXIT.ok);
    });
  return program;
}

const COMPLETION_HELP = `In the file that your shell reads when it starts:
  bash  eval "$(ganatomy completion bash)"
  zsh   eval "$(ganatomy completion zsh)"    after compinit
  fish  ganatomy completion fish | source`;

/** What a help ends with. */
function ending(parts: readonly (string | undefined)[]): string {
  return ["", ...parts.filter((part) => part !== undefined).map((part) => `${part}\n`), EXIT_HELP].join("\n");
}
