import { vi } from "vitest";
import { commandLine } from "../../src/cli/program.ts";

/** How a command ended in this process, and what it printed and noted. */
export interface Ended {
  readonly status: number | undefined;
  /** On stdout. */
  readonly said: string;
  /** On stderr. */
  readonly noted: string;
}

/** Runs a command in this process. What it throws rejects, as `main` is not there to say it. */
export async function runHere(...args: string[]): Promise<Ended> {
  const texts = { stdout: "", stderr: "" };
  const spies = (["stdout", "stderr"] as const).map((name) =>
    vi.spyOn(process[name], "write").mockImplementation((text) => {
      texts[name] += String(text);
      return true;
    }),
  );
  let status: number | undefined;
  try {
    await commandLine("1.0.0", (ended) => {
      status = ended;
    }).parseAsync(args, { from: "user" });
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
  return { status, said: texts.stdout, noted: texts.stderr };
}
