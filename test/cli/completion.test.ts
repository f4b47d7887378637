import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import { completion, SHELLS } from "../../src/cli/completion.ts";
import { commandLine } from "../../src/cli/program.ts";

const program = commandLine("1.2.3", () => {});

/** What bash offers at the end of a line. */
async function offered(line: string): Promise<string[]> {
  const words = line.split(" ");
  const script = `${completion(program, "bash")}
COMP_WORDS=(${words.map((word) => `"${word}"`).join(" ")}) COMP_CWORD=${words.length - 1}
_ganatomy
printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { stdout } = await promisify(execFile)("bash", ["-c", script]);
  return stdout.split("\n").filter((word) => word !== "");
}

describe("bash offers", () => {
  test("commands", async () => {
    expect(await offered("ganatomy dis")).toEqual(["dissect", "distance"]);
    expect(await offered("ganatomy ")).toEqual(program.commands.map((command) => command.name()));
  });

  test("a command's options, and those of all", async () => {
    expect(await offered("ganatomy dissect --si")).toEqual(["--size"]);
    expect(await offered("ganatomy convert --qu")).toEqual(["--quiet"]);
    expect(await offered("ganatomy convert --verb")).toEqual(["--verbose"]);
    expect(await offered("ganatomy convert --si")).toEqual([]);
  });

  test("the values that an option has; files are left to it", async () => {
    expect(await offered("ganatomy dissect --segdiv ")).toEqual(["undivided", "quad"]);
    expect(await offered("ganatomy dissect --segdiv q")).toEqual(["quad"]);
    // Words that were taken for files would end in "/" beside a folder of their name.
    expect(completion(program, "bash")).toContain("\ncomplete -o default -F _ganatomy ganatomy\n");
    for (const line of ["dissect --model packag", "segment packag", "dissect --model dis"]) {
      expect(await offered(`ganatomy ${line}`)).toEqual([]);
    }
  });
});

test.each(SHELLS)("%s is told every command and option, in quotes that end", (shell) => {
  const script = completion(program, shell);
  for (const command of program.commands) {
    expect(script).toContain(command.name());
    for (const { long } of [...command.options, program.createOption("--quiet"), program.createOption("--verbose")])
      if (long) expect(script).toContain(long.slice(2));
  }
  for (const line of script.split("\n")) {
    if (!line.startsWith("#")) expect([line, line.split("'").length % 2]).toEqual([line, 1]);
  }
});
