// Tests: test/cli/commands/artifacts.test.ts
import { join } from "node:path";
import { InvalidArgumentError } from "commander";
import type { KeptFeatures } from "../../compare/index.ts";
import { GanatomyError } from "../../errors.ts";
import { type Generator, loadGenerator } from "../../index.ts";
import { type ArtifactFindings, artifactsCsv, artifactsJson, marksJson, verdicts } from "../../report/artifacts.ts";
import { artifactsPage } from "../../report/artifacts-page.ts";
import { fileName } from "../../report/gandissect.ts";
import type { Provenance } from "../../report-json.ts";
import { Scope } from "../../runtime/scope.ts";
import { VERSION } from "../../version.ts";
import { checkCounts, findArtifacts, RANKINGS, type RankingName } from "../artifacts/find.ts";
import { pagePictures } from "../artifacts/pictures.ts";
import { artifactsTable } from "../artifacts/summary.ts";
import type { CliCommand } from "../command.ts";
import { defaultLayer, PAPER_LAYER } from "../default-layer.ts";
import {
  checkEnough,
  type FeaturesInput,
  type GeneratorInput,
  hashOf,
  noteOdd,
  openInput,
  type PhotographsInput,
} from "../distance/input.ts";
import {
  type NetworkFiles,
  type NetworkFlags,
  networkOptions,
  networksOf,
  openNetworks,
} from "../distance/networks.ts";
import { sideOf } from "../distance/sides.ts";
import { EXIT } from "../exit.ts";
import { type GeneratorFlags, generatorOf } from "../generator-flags.ts";
import type { TuneFlags } from "../gpu.ts";
import { withoutSecrets } from "../job.ts";
import { EMBEDDED, loadingOf } from "../models.ts";
import { named, seed, size, whole } from "../options.ts";
import { modelOptions, RESUMES } from "../shared-options.ts";
import { print } from "../terminal.ts";
import { type KeptState, type Running, withDevice, withInterrupt, withMeasurements } from "../with-folder.ts";

export interface ArtifactsOptions extends NetworkFlags, TuneFlags, GeneratorFlags {
  readonly real: string;
  readonly layer?: string;
  readonly rank?: readonly RankingName[];
  readonly size: number;
  readonly seed: number;
  readonly otherSeed: number;
  readonly top?: number;
  readonly rankSize: number;
  readonly ablate: number;
  readonly draws: number;
  readonly batch?: number;
  readonly outdir?: string;
  readonly force?: boolean;
  readonly json?: boolean;
}

export const artifactsCommand: CliCommand<ArtifactsOptions> = {
  name: "artifacts",
  description: "find units that cause artifacts, and see whether images are nearer to real ones without them",
  resumes: RESUMES,
  options: (command) =>
    networkOptions(modelOptions(command))
      .requiredOption("--real <dir|file>", "photographs like those it was trained on, or kept features of some", named)
      .option(
        "--rank <names>",
        "by the published score, by each unit's own ablation (default: score,ablation)",
        rankings,
      )
      .option("--size <n>", "images that scores are of, and others to judge rankings by", size, 200)
      .option("--seed <n>", "seed of the former", seed, 1)
      .option("--other-seed <n>", "seed of the latter", seed, 2)
      .option("--top <k>", "images of each unit for its score (default: a fifth)", whole("The images", 2, 1_000_000))
      .option("--rank-size <n>", "images on which every unit is ablated alone", whole("The number", 2, 1_000_000), 50)
      .option("--ablate <m>", "units of each ranking that are ablated together", whole("The units", 1, 100_000), 20)
      .option("--draws <n>", "as many random ones, so often", whole("The number of draws", 5, 10_000), 20)
      .option("--batch <n>", "images at a time", whole("The batch size", 1, 1024))
      .option("--outdir <dir>", "where results go (default: artifacts/MODEL/LAYER)", named)
      .option("--json", "print all numbers as JSON on stdout"),
  run,
};

/** "score", "ablation", or both by a comma. */
function rankings(text: string): RankingName[] {
  const names = text.split(",").map((name) => name.trim());
  if (names.every((name) => (RANKINGS as readonly string[]).includes(name)))
    return [...new Set(names)] as RankingName[];
  throw new InvalidArgumentError(`Units are ranked by ${RANKINGS.join(", ")}.`);
}

function run(options: ArtifactsOptions): Promise<number> {
  return withInterrupt(async (running) => {
    const { note } = running;
    const model = await openInput(options.model ?? EMBEDDED, loadingOf(running, options));
    if (model.kind !== "generator") {
      throw new GanatomyError("file", `"${options.model}" is no generator.`, "Name a checkpoint.");
    }
    const real = await openInput(options.real, loadingOf(running));
    if (real.kind !== "photographs" && real.kind !== "features") {
      throw new GanatomyError(
        "file",
        `"${options.real}" holds no real images, one by one.`,
        "Name a folder of JPEG or PNG files, or features that `ganatomy distance` kept.",
      );
    }
    checkEnough([real], 4);
    noteOdd([real], note);
    const files = await openNetworks([model, real], options);
    const path = options.outdir ?? join("artifacts", model.name, fileName(options.layer ?? PAPER_LAYER));
    const provenance: Provenance = {
      generator: { name: "ganatomy", version: VERSION },
      created: new Date().toISOString(),
      command: ["ganatomy", ...process.argv.slice(2)].map(withoutSecrets).join(" "),
    };
    let found: ArtifactFindings | undefined;
    const output = { path, force: options.force, kind: "artifacts" };
    const { folder } = await withMeasurements(running, output, async (kept) => {
      if (kept.finished.found > 0) note(`${kept.finished.found} measurements of an earlier run are in ${path}.`);
      found = await withFindings({ model, real, files }, options, { ...running, ...kept, provenance });
    });
    if (!found) {
      note(`Interrupted. What is measured is in ${folder.path}.\nThe same command goes on from there.`);
      return EXIT.aborted;
    }
    const json = (): string => `${JSON.stringify(artifactsJson(found!), null, 2)}\n`;
    print(options.json ? json() : artifactsTable(found));
    note(`Open ${join(folder.path, "artifacts.html")} (${running.took()})`);
    return EXIT.ok;
  });
}

interface Inputs {
  readonly model: GeneratorInput;
  readonly real: PhotographsInput | FeaturesInput;
  readonly files: NetworkFiles;
}

/** What findings are written with. */
interface Around extends Running, KeptState {
  readonly provenance: Provenance;
}

/** Loads the models, finds out everything, and writes it. */
function withFindings(
  { model, real, files }: Inputs,
  options: ArtifactsOptions,
  around: Around,
): Promise<ArtifactFindings> {
  const { tuning, signal, note } = around;
  return withDevice(around, { flags: options, tuning }, async (device) => {
    const scope = new Scope();
    try {
      const networks = scope.own(await networksOf(files, device, signal));
      const drawn = { ...generatorOf(options), device, name: model.name, signal, onWarning: note };
      const generator = scope.own(await loadGenerator(model.source, drawn));
      const { size, batch } = options;
      const { top, rank = RANKINGS } = options;
      const finding = { ...options, top, rank, layer: options.layer ?? defaultLayer(generator, "--layer") };
      checkCounts(generator, finding, size);
      const tools = { ...around, ...networks, device, generator, flags: options, size, batch };
      // As many real images to rank with as there are generated ones, and as many to judge with.
      const alone = { ...tools, segmenter: undefined, size: 2 * size };
      const extent = [generator.height, generator.width] as const;
      const side = (await sideOf({ input: real, seed: 0, extent }, alone)) as KeptFeatures;
      const found = await findArtifacts(side, finding, { ...tools, modelHash: await hashOf(model.source) });
      await write(found, generator, around);
      return found;
    } finally {
      scope.dispose();
    }
  });
}

async function write(found: ArtifactFindings, generator: Generator, { folder, provenance, signal }: Around) {
  const shown = folder.of("artifacts", artifactsJson(found));
  await shown.write("artifacts.json", `${JSON.stringify(artifactsJson(found, provenance), null, 1)}\n`);
  await shown.write("artifacts.csv", artifactsCsv(found));
  const { better, text } = verdicts(found);
  const { model, layer } = found;
  for (const { name, units } of found.judgement.rankings) {
    const note = better ? `the first ${units.length} by ${name}` : text[0]!;
    await shown.write(`${name}.marks.json`, marksJson({ model, layer, units, note }));
  }
  const pictures = await pagePictures(generator, found, signal);
  const aspect = generator.width / generator.height;
  await shown.write("artifacts.html", artifactsPage(found, pictures, { provenance, aspect }));
}
