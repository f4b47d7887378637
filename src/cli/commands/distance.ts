// Tests: test/cli/commands/distance.test.ts
import { checkSameKind, checkSameSegmenter, type Distances, distances, type Side } from "../../compare/index.ts";
import type { CliCommand } from "../command.ts";
import { readEdits } from "../distance/edits.ts";
import { checkEnough, type Input, noteOdd, openInput } from "../distance/input.ts";
import {
  type NetworkFiles,
  type NetworkFlags,
  type Networks,
  networkOptions,
  networksOf,
  openNetworks,
} from "../distance/networks.ts";
import { extentOf, type SideOptions, sideOf, type Tools } from "../distance/sides.ts";
import { type Compared, distanceJson, distanceText } from "../distance/summary.ts";
import { EXIT } from "../exit.ts";
import { drawingOptions, type GeneratorFlags } from "../generator-flags.ts";
import type { TuneFlags } from "../gpu.ts";
import { loadingOf } from "../models.ts";
import { FORCE, named, seed, whole } from "../options.ts";
import { RESUMES, unifiedOptions } from "../shared-options.ts";
import { print } from "../terminal.ts";
import { type Running, withDevice, withInterrupt, withMeasurements } from "../with-folder.ts";

export interface DistanceOptions extends NetworkFlags, TuneFlags, Omit<GeneratorFlags, "model"> {
  readonly size: number;
  readonly seed: number;
  readonly otherSeed: number;
  readonly edits?: string;
  readonly otherEdits?: string;
  readonly batch?: number;
  readonly outdir?: string;
  readonly force?: boolean;
  readonly json?: boolean;
}

export const distanceCommand: CliCommand<DistanceOptions, [a: string, b: string]> = {
  name: "distance",
  description: "how far two sets of images are apart: FD, KID, precision, recall; FSD with every concept",
  resumes: RESUMES,
  options: (command) =>
    networkOptions(unifiedOptions(drawingOptions(command)))
      .argument("<a>", "a generator's checkpoint, a folder of photographs, kept features, or statistics (.npz)")
      .argument("<b>", "another, or the same generator with another seed")
      .option(
        "--size <n>",
        "images of each, at the most; of more photographs some are drawn by chance",
        severalImages,
        1000,
      )
      .option("--seed <n>", "seed of A's z, if it is a generator", seed, 1)
      .option("--other-seed <n>", "seed of B's", seed, 2)
      .option("--edits <recipe>", "what is done to A's images, if it is a generator: a recipe, or marks", named)
      .option("--other-edits <recipe>", "to B's", named)
      .option("--segmenter <dir|name>", "what names pixels, and whose features are compared", named)
      .option("--batch <n>", "images at a time", whole("The batch size", 1, 1024))
      .option("--outdir <dir>", "where features are kept (default: distance)", named)
      .option("--force", FORCE)
      .option("--no-tune", "do not time the kernels on a GPU's first use")
      .option("--json", "print all numbers as JSON on stdout"),
  run,
};

/** One image has no covariance. */
const severalImages = whole("The number of images", 2, 1_000_000);

/** Measures both sets as far as they are not, and compares them; resolves with the exit status. */
function run(options: DistanceOptions, first: string, second: string): Promise<number> {
  return withInterrupt(async (running) => {
    const { progress, signal, note } = running;
    const opening = loadingOf(running);
    const inputs = [await openInput(first, opening), await openInput(second, opening)] as const;
    const { seed, edits, otherSeed, otherEdits } = options;
    const drawings = [
      { seed, ...(edits !== undefined && { edits: await readEdits(edits, inputs[0]) }) },
      { seed: otherSeed, ...(otherEdits !== undefined && { edits: await readEdits(otherEdits, inputs[1]) }) },
    ] as const;
    checkEnough(inputs, 2);
    noteOdd(inputs, note);
    const measuring = inputs.some(({ kind }) => kind === "generator" || kind === "photographs");
    const files = measuring ? await openNetworks(inputs, options) : undefined;
    const output = { path: options.outdir ?? "distance", force: options.force, kind: "distances" };
    let compared: Compared | undefined;
    const { folder } = await withMeasurements(running, output, async ({ folder, tuning }) => {
      const sides = files
        ? await withDevice(running, { flags: options, tuning }, (device) =>
            sidesOf(inputs, { ...options, drawings, files }, { device, folder, ...running }),
          )
        : (inputs.map(sideKept) as [Side, Side]);
      const names = [namesOf(inputs[0], drawings[0]), namesOf(inputs[1], drawings[1])] as const;
      const generated = drawnSide(sides);
      const onProgress = (phase: string, done: number, total: number) => progress.report(phase, done, total);
      const found: Distances = await distances(sides[0], sides[1], { generated, onProgress, signal });
      compared = { names, sides, generated, found };
      await folder.write("distance.json", `${JSON.stringify(distanceJson(compared), null, 1)}\n`);
    });
    if (!compared) {
      note(`Interrupted. What is measured is in ${folder.path}.\nThe same command goes on from there.`);
      return EXIT.aborted;
    }
    const text = options.json ? `${JSON.stringify(distanceJson(compared), null, 2)}\n` : distanceText(compared);
    print(text);
    note(`Features and distance.json are in ${folder.path} (${running.took()})`);
    return EXIT.ok;
  });
}

/** How a side's images are drawn, if a generator draws them. */
type DrawingOfSide = Pick<SideOptions, "seed" | "edits">;

const namesOf = (input: Input, { seed, edits }: DrawingOfSide): string =>
  input.kind === "generator" ? `${input.name}, seed ${seed}${edits ? `, edited by ${edits.path}` : ""}` : input.name;

const sideKept = (input: Input): Side => {
  if (input.kind === "features") return input.kept;
  if (input.kind === "moments") return input.moments;
  throw new Error(`${input.name} was not measured.`);
};

/** Which side precision is asked of: the one that was drawn, where one was; else the second. */
function drawnSide(sides: readonly [Side, Side]): "a" | "b" {
  const [a, b] = sides.map((side) => "generated" in side && side.generated === true);
  return a && !b ? "a" : "b";
}

/**
 * Before the other set is measured, which takes long.
 * @throws UsageError for features, or areas, that other networks made than those that measure.
 */
function checkKept(inputs: readonly Input[], { features, segmenter }: Networks): void {
  for (const input of inputs) {
    if (input.kind !== "features") continue;
    if (input.kept.kind) checkSameKind(input.kept.kind, features.kind);
    if (input.kept.areas) checkSameSegmenter(input.kept.segmenter, segmenter.name);
  }
}

/** Both sides, measured with the same networks. */
async function sidesOf(
  inputs: readonly [Input, Input],
  options: DistanceOptions & {
    readonly drawings: readonly [DrawingOfSide, DrawingOfSide];
    readonly files: NetworkFiles;
  },
  around: Pick<Tools, "device" | "folder"> & Running,
): Promise<readonly [Side, Side]> {
  const { device, signal, note } = around;
  const networks = await networksOf(options.files, device, signal);
  const { size, batch } = options;
  const tools: Tools = { ...around, ...networks, flags: options, size, batch };
  try {
    checkKept(inputs, networks);
    // Photographs are brought to the size of what they are compared with.
    const generator = inputs.find((input) => input.kind === "generator");
    const kept = inputs.find((input) => input.kind === "features")?.kept;
    let extent = generator ? await extentOf(generator, { device, flags: options, signal, note }) : kept?.extent;
    const side = async (at: 0 | 1): Promise<Side> => {
      const found = await sideOf({ input: inputs[at], ...options.drawings[at], extent }, tools);
      if ("extent" in found && found.extent) extent ??= found.extent;
      return found;
    };
    if (inputs[0].kind !== "generator") return [await side(0), await side(1)];
    // First what may have too few that can be read: images are drawn for minutes.
    const b = inputs[1].kind === "photographs" ? await side(1) : undefined;
    return [await side(0), b ?? (await side(1))];
  } finally {
    networks.dispose();
  }
}
