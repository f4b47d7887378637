import type { Command } from "commander";

/** Shells that can be told what may be typed. */
export const SHELLS = ["bash", "zsh", "fish"] as const;
export type Shell = (typeof SHELLS)[number];

interface Flag {
  readonly name: string;
  readonly description: string;
  /** Whether a value follows, and which there are, where they are few. */
  readonly value: boolean;
  readonly choices: readonly string[];
}

interface Word {
  readonly name: string;
  readonly description: string;
  readonly flags: readonly Flag[];
}

/** A script for a shell that completes commands, their options, and the values of some. */
export function completion(program: Command, shell: Shell): string {
  const words = program.commands.map((command) => wordOf(command, program));
  return { bash, zsh, fish }[shell](words);
}

function wordOf(command: Command, program: Command): Word {
  const flags = [...command.options, ...program.options, command.createOption("--help", "display help for command")];
  return {
    name: command.name(),
    description: plain(command.description()),
    flags: flags.flatMap(({ long, description, required, optional, argChoices = [] }) =>
      long && long !== "--version"
        ? [{ name: long, description: plain(description), value: required || optional, choices: argChoices }]
        : [],
    ),
  };
}

/** Descriptions go between single quotes, into one line. */
const plain = (text: string): string => text.replace(/\s+/g, " ").replaceAll("'", "’");

function bash(words: readonly Word[]): string {
  const all = words.map(({ name }) => name).join(" ");
  const flags = words.map(({ name, flags }) => `    ${name}) words="${flags.map(({ name }) => name).join(" ")}" ;;`);
  const choices = words.flatMap(({ name, flags }) =>
    flags
      .filter(({ choices }) => choices.length > 0)
      .map((flag) => `    "${name} ${flag.name}") words="${flag.choices.join(" ")}" ;;`),
  );
  const files = words.flatMap(({ name, flags }) =>
    flags.filter(({ value, choices }) => value && choices.length === 0).map((flag) => `"${name} ${flag.name}"`),
  );
  return `# eval "$(ganatomy completion bash)"
_ganatomy() {
  local current=\${COMP_WORDS[COMP_CWORD]} command=\${COMP_WORDS[1]} words=
  COMPREPLY=()
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W "${all}" -- "$current"))
    return
  fi
  case "$command \${COMP_WORDS[COMP_CWORD - 1]}" in
${choices.join("\n")}
    ${files.join("|")}) return ;;
  esac
  [ -n "$words" ] || [ "\${current#-}" = "$current" ] || case $command in
${flags.join("\n")}
  esac
  [ -z "$words" ] || COMPREPLY=($(compgen -W "$words" -- "$current"))
}
# Files are the shell's own matter, which knows of spaces and of ~; words are no files, though there
# is a folder "dissect".
complete -o default -F _ganatomy ganatomy
`;
}

function zsh(words: readonly Word[]): string {
  const escaped = (text: string): string => text.replace(/[[\]:\\]/g, "\\$&");
  const flagOf = ({ name, description, value, choices }: Flag): string =>
    `'${name}[${escaped(description)}]${value ? `: :${choices.length > 0 ? `(${choices.join(" ")})` : "_files"}` : ""}'`;
  const cases = words.map(
    ({ name, flags }) => `    ${name}) _arguments ${flags.map(flagOf).join(" ")} '*: :_files' ;;`,
  );
  return `#compdef ganatomy
# eval "$(ganatomy completion zsh)"
_ganatomy() {
  local -a commands=(
${words.map(({ name, description }) => `    '${name}:${escaped(description)}'`).join("\n")}
  )
  if (( CURRENT == 2 )); then
    _describe command commands
    return
  fi
  local command=$words[2]
  shift words
  (( CURRENT-- ))
  case $command in
${cases.join("\n")}
  esac
}
compdef _ganatomy ganatomy
`;
}

function fish(words: readonly Word[]): string {
  const lines = words.flatMap(({ name, description, flags }) => [
    `complete -c ganatomy -n __fish_use_subcommand -f -a ${name} -d '${description}'`,
    ...flags.map((flag) => {
      const value = flag.choices.length > 0 ? ` -x -a '${flag.choices.join(" ")}'` : flag.value ? " -r" : "";
      const seen = `'__fish_seen_subcommand_from ${name}'`;
      return `complete -c ganatomy -n ${seen} -l ${flag.name.slice(2)}${value} -d '${flag.description}'`;
    }),
  ]);
  return `# ganatomy completion fish | source\n${lines.join("\n")}\n`;
}
