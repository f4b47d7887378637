import { Command } from "commander";
import { expect, test } from "vitest";
import { COMMANDS } from "../../src/cli/commands/index.ts";
import { inFlags } from "../../src/cli/flags.ts";
import { LOAD_GENERATOR_NAMES } from "../../src/models/generator-options.ts";
import { LOAD_SEGMENTER_NAMES } from "../../src/models/segmenter-options.ts";

/** The flags of all commands, by what Commander calls them. */
const flags = new Map(
  COMMANDS.flatMap(({ name, options }) => {
    const command = new Command(name);
    options(command);
    return command.options.map((option) => [option.attributeName(), option.long!] as const);
  }),
);

test("options of the library are said as flags, and what is no option stays as it is", () => {
  expect(inFlags("A `trainSize` of 30 makes no whole number.")).toBe("A --train-size of 30 makes no whole number.");
  expect(inFlags("which has no `lod`. It has `clamp`, `truncation`, `convClamp`.")).toBe(
    "which has no --lod. It has --truncation, --clamp.",
  );
  expect(inFlags("Load it: session.load({ latents }), session.load({ generator }).")).toBe(
    "Load it: --latents, --model.",
  );
  expect(inFlags("load it with `allowNonFinite`, run `ganatomy generate`; trainSize.png, `behind(layer)`")).toBe(
    "load it with allowNonFinite in the library, run `ganatomy generate`; trainSize.png, `behind(layer)`",
  );
});

test("every option of loading that has a flag is said by it", () => {
  const names = [...Object.keys(LOAD_GENERATOR_NAMES), ...Object.keys(LOAD_SEGMENTER_NAMES)];
  // the flag is convClamp's
  const shared = names.filter((name) => flags.has(name) && name !== "clamp");
  expect(shared).toEqual(expect.arrayContaining(["truncation", "pixelNorm", "network", "segdiv"]));
  for (const name of shared) expect(inFlags(`\`${name}\``), name).toBe(flags.get(name));
});

test("every flag that is said is one", () => {
  const said = ["batch", "convClamp", "epochs", "evalSize", "lambda", "memory", "patch", "quantileThreshold", "rate"];
  const more = ["cors", "token", "searchSize", "seed", "size", "stride", "trainSeed", "trainSize", "examples"];
  for (const name of [...said, ...more]) expect([...flags.values()], name).toContain(inFlags(`\`${name}\``));
});
