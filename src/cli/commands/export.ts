import { existsSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { InvalidArgumentError, Option } from "commander";
import type { Dissection } from "../../dissect/result.ts";
import { GanatomyError, UsageError } from "../../errors.ts";
import type { OutputFolder } from "../../node/folder.ts";
import { kindIn } from "../../node/marker.ts";
import { layerFolders } from "../../report/gandissect.ts";
import { toNpz } from "../../report/npz.ts";
import { openDissection } from "../../report/open.ts";
import { type Sprite, toProjector } from "../../report/projector.ts";
import { toVegaLite, type VegaLiteSpec } from "../../report/vega-lite.ts";
import { counted } from "../amount.ts";
import type { CliCommand } from "../command.ts";
import { EXIT } from "../exit.ts";
import { conceptsParquet, unitsParquet } from "../export/parquet.ts";
import { resultCharts } from "../export/results.ts";
import { spriteOf } from "../export/sprite.ts";
import { ofFile } from "../files-read.ts";
import { FORCE, named } from "../options.ts";
import { folderOf, reportFiles } from "../report-folder.ts";
import { settingsOf } from "../settings.ts";
import { print } from "../terminal.ts";
import { type Running, withFolder, withInterrupt } from "../with-folder.ts";

export interface ExportOptions {
  /** All unless given. */
  readonly format?: readonly Format[];
  readonly outdir?: string;
  readonly force?: boolean;
  readonly json?: boolean;
}

const FORMATS = ["npz", "parquet", "vega-lite", "projector"] as const;
type Format = (typeof FORMATS)[number];

export const exportCommand: CliCommand<ExportOptions, [folder: string]> = {
  name: "export",
  description: "write results for NumPy, data frames, Vega-Lite and TensorBoard",
  options: (command) =>
    command
      .argument("<results>", "a folder that dissect, ablate, ace, context or compare wrote")
      .addOption(
        new Option("--format <names...>", "which (default: all that there are)").choices(FORMATS).argParser(formatsOf),
      )
      .option("--outdir <dir>", "where they go (default: export/NAME)", named)
      .option("--force", FORCE)
      .option("--json", "print what was written as JSON on stdout"),
  help: `
npz        tables.npz: the full unit x concept tables, numpy.load
parquet    units.parquet, concepts.parquet: a row a unit, a row a unit and concept
vega-lite  concepts, scores, agreement: charts as .vl.json, their numbers in them
projector  projector/: units as points, tensorboard --logdir OUTDIR/projector

Of what is no dissection there is vega-lite alone: a chart for each SVG of
curves, losses, contexts and comparisons in the folder, under its name.`,
  run,
};

/** Formats by commas, spaces or repetition. */
function formatsOf(text: string, before: readonly Format[] = []): Format[] {
  const names = text.split(",").map((name) => name.trim());
  const wrong = names.find((name) => !(FORMATS as readonly string[]).includes(name));
  if (wrong !== undefined) throw new InvalidArgumentError(`Allowed choices are ${FORMATS.join(", ")}.`);
  return [...new Set([...before, ...(names as Format[])])];
}

function run({ format, outdir, force, json }: ExportOptions, given: string): Promise<number> {
  return withInterrupt(async (running) => {
    const folder = await folderOf(given);
    const { formats, write } = await exportOf(folder, format);
    const path = outdir ?? join("export", basename(resolve(folder)));
    const output = { path, force, kind: "export", settings: settingsOf("export", { formats }, folder) };
    const written: string[] = [];
    const { complete } = await withFolder(running, output, async (out) => {
      const noted: Out = {
        async write(name, data) {
          await out.write(name, data);
          written.push(name);
        },
      };
      for (const one of formats) {
        running.signal.throwIfAborted();
        await write(one, noted, running.signal);
      }
    });
    print(
      json ? `${JSON.stringify({ complete, outdir: path, files: written }, null, 2)}\n` : `${written.join("\n")}\n`,
    );
    running.note(`${counted(written.length, "file")} in ${path}`);
    return complete ? EXIT.ok : EXIT.aborted;
  });
}

type Out = Pick<OutputFolder, "write">;

/** What a folder's results are written as, and how. */
interface Export {
  readonly formats: readonly Format[];
  write(format: Format, out: Out, signal: AbortSignal): Promise<void>;
}

/** A dissection, or charts of other results. @throws GanatomyError where it holds neither. */
async function exportOf(folder: string, asked: readonly Format[] = FORMATS): Promise<Export> {
  const charts = existsSync(join(folder, "report.json")) ? [] : await resultCharts(folder);
  if (charts.length === 0) {
    if (kindIn(folder) === "edits") {
      throw new GanatomyError(
        "not-found",
        `"${folder}" holds no curve, loss or context: a single edit has no figure.`,
        "Let `ganatomy ablate --curve`, `ace` or `context` write into it.",
      );
    }
    const files = await reportFiles(folder);
    const { dissection } = await ofFile(folder, () => openDissection(files));
    if (dissection.layers.length === 0) {
      const message = `The report in "${folder}" has no layers.`;
      throw new GanatomyError("file", message, "Dissect again: nothing was finished.");
    }
    return {
      formats: FORMATS.filter((one) => asked.includes(one)),
      write: (one, out, signal) => WRITERS[one]({ dissection, folder, out, signal }),
    };
  }
  if (!asked.includes("vega-lite")) {
    throw new UsageError(
      `"${folder}" holds no dissection, so there is no ${asked.join(" or ")} of it.`,
      "Leave out --format: its figures are written as vega-lite.",
    );
  }
  return {
    formats: ["vega-lite"],
    async write(_, out) {
      for (const [path, spec] of charts) await out.write(path, chartText(spec));
    },
  };
}

const chartText = (spec: VegaLiteSpec): string => `${JSON.stringify(spec, null, 1)}\n`;

interface Exporting extends Pick<Running, "signal"> {
  readonly dissection: Dissection;
  /** Of the report. */
  readonly folder: string;
  readonly out: Out;
}

const WRITERS: Readonly<Record<Format, (exporting: Exporting) => Promise<void>>> = {
  npz: ({ dissection, out }) => out.write("tables.npz", toNpz(dissection)),
  async parquet({ dissection, out }) {
    await out.write("units.parquet", unitsParquet(dissection));
    await out.write("concepts.parquet", conceptsParquet(dissection));
  },
  async "vega-lite"({ dissection, out }) {
    for (const figure of ["concepts", "scores", "agreement"] as const) {
      await out.write(`${figure}.vl.json`, chartText(toVegaLite(dissection, figure)));
    }
  },
  async projector({ dissection, folder, out, signal }) {
    const folders = layerFolders(dissection);
    const sprites = new Map<string, Sprite>();
    for (const [i, layer] of dissection.layers.entries()) {
      const sprite = await spriteOf(join(folder, folders[i]!), layer, signal);
      if (sprite) sprites.set(layer.layer, sprite);
    }
    for (const [name, data] of toProjector(dissection, sprites)) await out.write(`projector/${name}`, data);
  },
};
