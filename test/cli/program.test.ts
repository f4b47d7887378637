import { CommanderError } from "commander";
import { expect, test } from "vitest";
import { COMMANDS } from "../../src/cli/commands/index.ts";
import { EXIT_HELP } from "../../src/cli/exit.ts";
import { commandLine } from "../../src/cli/program.ts";
import { UsageError } from "../../src/errors.ts";
import { runHere } from "./in-process.ts";

interface Parsed {
  readonly command: string;
  /** Its arguments. */
  readonly given: readonly unknown[];
  readonly options: Record<string, unknown>;
  readonly status: number | undefined;
}

/** What a command line asks for; the commands themselves do not run. */
async function parse(line: string): Promise<Parsed> {
  let result: (Pick<Parsed, "command" | "options"> & { readonly given: readonly unknown[] }) | undefined;
  let status: number | undefined;
  const commands = COMMANDS.map((command) => ({
    ...command,
    run: async (options: object, ...given: readonly unknown[]) => {
      result = { command: command.name, options: { ...options }, given };
      return 7;
    },
  }));
  const done = (code: number): void => {
    status = code;
  };
  const program = commandLine("1.2.3", done, commands, () => {});
  await program.parseAsync(line === "" ? [] : line.split(" "), { from: "user" });
  return { ...result!, status };
}

/** What is said about a command line that is wrong. */
async function complaint(line: string): Promise<string> {
  const { write } = process.stderr;
  let said = "";
  process.stderr.write = (text) => {
    said += text;
    return true;
  };
  try {
    await parse(line);
  } catch (error) {
    expect(error).toBeInstanceOf(CommanderError);
    expect((error as CommanderError).exitCode).not.toBe(0);
    return said;
  } finally {
    process.stderr.write = write;
  }
  throw new Error(`"${line}" was accepted`);
}

const DEFAULTS = { seed: 1, trainSeed: 2, examples: 20, tune: true };

test("dissect needs no option, and its status is handed on", async () => {
  expect(await parse("dissect")).toEqual({ command: "dissect", options: DEFAULTS, given: [], status: 7 });
});

test("every option of dissect arrives", async () => {
  const line =
    "dissect --model a.pth --segmenter upp --layers layer1,layer4 --size 50 --seed 3 " +
    "--train-seed 4 --quantile-threshold 0.01 " +
    "--examples 5 --outdir out --force --strip-height 256 --batch 8 --memory 128 --no-tune " +
    "--json --chrome";
  expect((await parse(line)).options).toEqual({
    model: "a.pth",
    segmenter: "upp",
    layers: ["layer1", "layer4"],
    size: 50,
    seed: 3,
    trainSeed: 4,
    quantileThreshold: 0.01,
    examples: 5,
    outdir: "out",
    force: true,
    stripHeight: 256,
    batch: 8,
    memory: 128,
    tune: false,
    json: true,
    chrome: true,
  });
});

test.each([
  "--layers a,b,c",
  "--layers a b c",
  "--layers a --layers b,c",
  "--layers a,b --layers b c a",
  "--layers a,b, --layers c",
])("%s", async (option) => {
  if (option.includes(", ")) expect(await complaint(`dissect ${option}`)).toMatch(/name is missing/);
  else expect((await parse(`dissect ${option}`)).options["layers"]).toEqual(["a", "b", "c"]);
});

test.each([
  ["iqr", "iqr"],
  ["maxiou", "maxiou"],
  ["0.01", 0.01],
  ["5e-3", 0.005],
])("--quantile-threshold %s", async (text, value) => {
  expect((await parse(`dissect --quantile-threshold ${text}`)).options["quantileThreshold"]).toBe(value);
});

test.each([
  ["dissect --memory -1", /The memory in MiB is a whole number from 0 to 1048576/],
  ["dissect --memory 1.5", /whole number/],
  ["dissect --memory 2G", /whole number/],
  ["dissect --size 0", /whole number from 1 to 1000000/],
  ["dissect --size -5", /whole number/],
  ["dissect --size 1e9", /whole number/],
  ["dissect --size 2.5", /whole number/],
  ["dissect --size many", /whole number/],
  ["dissect --seed 4294967296", /whole number from 0 to 4294967295/],
  ["dissect --examples 0", /whole number from 1/],
  ["dissect --batch 0", /whole number from 1/],
  ["dissect --quantile-threshold 0", /fraction between 0 and 1/],
  ["dissect --quantile-threshold 1", /fraction between 0 and 1/],
  ["dissect --quantile-threshold irq", /"iqr", "maxiou"/],
  ["dissect --layer layer4", /Did you mean --layers\?/],
  ["dissect --outdir= ", /must not be empty/],
  ["disect", /Did you mean dissect\?/],
  ["dissect church.pth", /too many arguments/],
  ["generate --size", /argument missing/],
  ["doctor --fixx", /unknown option '--fixx'.*Did you mean --fix\?/s],
  ["ace --concept tree --efort paper", /Did you mean --effort\?/],
  ["context --concept tree --metrik cor", /Did you mean --metric\?/],
  ["segment a.jpg --siz 8", /Did you mean --size\?/],
  ["info", /missing required argument 'network'/],
])("%s is refused", async (line, said) => expect(await complaint(line)).toMatch(said));

test.each([
  ["segment a.jpg b.png --size 640x480", "segment", [["a.jpg", "b.png"]], { size: [480, 640] }],
  ["occlude a.jpg --concept tree", "occlude", ["a.jpg"], { concept: ["tree"], tune: true }],
  ["info upp --half", "info", ["upp"], { half: true }],
])("arguments and options of %s arrive", async (line, command, given, options) => {
  expect(await parse(line)).toEqual({ command, given, options, status: 7 });
});

test("generate and doctor", async () => {
  expect(await parse("generate --seed 5 --outdir out")).toMatchObject({
    command: "generate",
    options: { size: 8, seed: 5, outdir: "out" },
  });
  expect(await parse("doctor --json --fix")).toMatchObject({ command: "doctor", options: { json: true, fix: true } });
});

const EDITING = {
  top: 20,
  metric: "iou",
  alpha: 1,
  pooling: "max",
  size: 200,
  seed: 3,
  pictures: 8,
  tune: true,
};

test("ablate's and insert's options arrive", async () => {
  expect(await parse("ablate --units 3-5,17")).toEqual({
    command: "ablate",
    options: { ...EDITING, units: [3, 4, 5, 17], steps: 30, random: 3 },
    given: [],
    status: 7,
  });
  const line =
    "ablate --concept tree --top 10 --dissection out --metric ace --layer layer6 --alpha 0.5 " +
    "--value q0.5 --mask a.png --pooling mean " +
    "--size 40 --seed 91 --batch 4 --pictures 0 --outdir out --json --curve --locations --steps " +
    "5 --random 1 --mixed --each-unit";
  expect((await parse(line)).options).toMatchObject({
    concept: ["tree"],
    top: 10,
    alpha: 0.5,
    value: { quantile: 0.5 },
    mask: "a.png",
    pooling: "mean",
    curve: true,
    locations: true,
    steps: 5,
    random: 1,
    mixed: true,
    eachUnit: true,
  });
  const insert = await parse("insert --units 1 --units 2 --value -3.5 --mask 1,2,3,4");
  expect(insert).toMatchObject({ command: "insert", options: { units: [1, 2], value: -3.5, mask: [1, 2, 3, 4] } });
});

test.each([
  ["ablate --units 5-3", /numbers and rising ranges/],
  ["ablate --units a", /numbers and rising ranges/],
  ["ablate --units 1 --top 5", /'--units <numbers\|@file>' cannot be used with option '--top <n>'/],
  ["insert --units 1 --dissection nowhere", /cannot be used with option '--dissection/],
  ["context --concept door --units 1 --metric cor", /cannot be used with option '--metric/],
  ["ablate --units 1 --alpha 2", /fraction from 0 to 1/],
  ["insert --units 1 --value q2", /quantile of each unit/],
  ["insert --units 1 --value", /argument missing/],
  ["insert --units 1 --mask 3,0,2,8", /top,left,bottom,right/],
  ["insert --units 1 --mask -5,0,2,8", /whole pixels/],
  ["insert --units 1 --mask 0,0,0.5,0.5", /whole pixels/],
  ["insert --units 1 --mask=", /a picture, or top,left,bottom,right/],
  ["insert --units 1 --curve", /unknown option '--curve'/],
])("%s is refused", async (line, said) => expect(await complaint(line)).toMatch(said));

/** What `--help` prints. */
function help(line: string): string {
  const program = commandLine("1.2.3", () => {});
  const command = line === "" ? program : program.commands.find((one) => one.name() === line)!;
  const written: string[] = [];
  command.configureOutput({ writeOut: (text) => void written.push(text) }).outputHelp();
  return written.join("");
}

test("latents have no number of images but one that is given", async () => {
  for (const command of ["generate", "ablate --units 3", "insert --units 3", "context --concept tree"]) {
    expect((await parse(`${command} --latents z.npy`)).options["size"]).toBeUndefined();
    expect((await parse(`${command} --latents z.npy --size 3`)).options["size"]).toBe(3);
    expect((await parse(command)).options["size"]).toBeGreaterThan(1);
  }
});

test("all help ends with the exit statuses, that of a command that resumes says so before", () => {
  for (const { name, description, resumes } of [{ name: "", description: "GAN Dissection" }, ...COMMANDS] as const) {
    const text = help(name);
    expect(text.replace(/\s+/g, " ")).toContain(description); // it is wrapped
    expect(text.endsWith(`\n\n${resumes ? `${resumes}\n\n` : ""}${EXIT_HELP}\n`)).toBe(true);
  }
  expect(COMMANDS.filter(({ resumes }) => resumes).map(({ name }) => name)).toEqual([
    "dissect",
    "plan",
    "part",
    "merge",
    "ablate",
    "insert",
    "ace",
    "context",
    "occlude",
    "unit-importance",
    "invert",
    "walk",
    "distance",
    "artifacts",
    "segment",
  ]);
  expect(help("ablate")).toMatch(/the same command goes on after Ctrl-C\.\nOnly a ranking .*--dissection/);
  expect(help("")).toContain("\nExamples:\n  ganatomy dissect ");
  expect(help("dissect")).toContain("\nExamples:\n  ganatomy dissect ");
  expect(help("generate")).not.toContain("Examples");
});

test("--verbose on any command tells on stderr what it works with, and goes with no --quiet", async () => {
  const info = ["info", "weights/scenes64/generator.safetensors"];
  const usual = await runHere(...info);
  const verbose = await runHere(...info, "--verbose");
  expect(verbose.said).toBe(usual.said);
  const lines = verbose.noted.trimEnd().split("\n");
  for (const line of [
    /^Reading weights\/scenes64\/generator\.safetensors \(\d+ bytes\)$/,
    /^Adapter: vendor .*; maxBufferSize \d+/,
    /^Kernels: of \d+ operations with several, 0 as .*, 0 timed now, /,
    /^[\d.]+ s in all$/,
  ]) {
    expect(lines).toContainEqual(expect.stringMatching(line));
    expect(usual.noted).not.toMatch(new RegExp(line, "m"));
  }
  const both = runHere("info", "none", "--quiet", "--verbose");
  await expect(both).rejects.toThrow(UsageError);
  await expect(both).rejects.toThrow(/--quiet and --verbose/);
  expect(help("")).toMatch(/--verbose +say more on stderr: /);
  expect((await runHere(...info)).noted).toBe(usual.noted);
});
