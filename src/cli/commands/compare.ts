import { Option } from "commander";
import { type CompareOptions, type Comparison, compare } from "../../compare/index.ts";
import {
  comparisonJson,
  conceptsCsv,
  controlsText,
  estimateText,
  inputsCsv,
  ruleText,
  warningText,
} from "../../report/comparison.ts";
import { comparisonPage, errorsText } from "../../report/comparison-page.ts";
import { categoriesSvg, conceptsSvg, layersSvg } from "../../report/comparison-plot.ts";
import type { Provenance } from "../../report-json.ts";
import { VERSION } from "../../version.ts";
import type { CliCommand } from "../command.ts";
import { EXIT } from "../exit.ts";
import { withoutSecrets } from "../job.ts";
import { named, positive } from "../options.ts";
import { readReports } from "../report-folder.ts";
import { settingsOf } from "../settings.ts";
import { columns } from "../table.ts";
import { print } from "../terminal.ts";
import { withFolder, withInterrupt } from "../with-folder.ts";

export interface CompareCommandOptions extends CompareOptions {
  readonly outdir: string;
  readonly json?: boolean;
}

export const compareCommand: CliCommand<CompareCommandOptions, [folders: string[]]> = {
  name: "compare",
  description: "compare dissections: layers, models, data sets; detectors, concepts, and how sure that is",
  options: (command) =>
    command
      .argument("<reports...>", "folders that dissect wrote; each of their layers is compared")
      .addOption(
        new Option("--rule <how>", "count a unit once, or in every category it detects something of")
          .choices(["best-label", "per-category"])
          .default("best-label"),
      )
      .addOption(
        new Option(
          "--metric <name>",
          "judge units by the report's own labels and thresholds, or by the largest IoU or IQR (default: report, or iou per category)",
        ).choices(["report", "iou", "iqr"]),
      )
      .option("--threshold <t>", "what IoU or IQR must exceed (default: 0.04, 0.01)", positive("The threshold"))
      .option("--outdir <dir>", "where tables and charts go", named, "compare")
      .option("--force", "compare what is not comparable, and say so everywhere; write among other files")
      .option("--json", "print the comparison as JSON on stdout"),
  run,
};

/** Reads, compares, writes and says what was found. */
function run({ outdir, json, force, ...rule }: CompareCommandOptions, folders: string[]): Promise<number> {
  return withInterrupt(async (running) => {
    const layers = await readReports(folders);
    const comparison = compare(layers, { ...rule, ...(force && { force }) });
    const provenance: Provenance = {
      generator: { name: "ganatomy", version: VERSION },
      created: new Date().toISOString(),
      command: ["ganatomy", ...process.argv.slice(2)].map(withoutSecrets).join(" "),
    };
    const [{ iouThreshold: iou, iqrThreshold: iqr }] = layers as [(typeof layers)[0]];
    const output = {
      path: outdir,
      force,
      kind: "comparison",
      settings: settingsOf("compare", { ...rule, anyhow: force ?? false }, folders),
    };
    const text = comparisonJson(comparison, provenance);
    await withFolder(running, output, async (folder) => {
      await folder.write("compare.json", text);
      await folder.write("compare.csv", inputsCsv(comparison));
      await folder.write("concepts.csv", conceptsCsv(comparison));
      await folder.write("categories.svg", categoriesSvg(comparison));
      await folder.write("concepts.svg", conceptsSvg(comparison));
      await folder.write("layers.svg", layersSvg(comparison));
      await folder.write("compare.html", comparisonPage(comparison, provenance, { iou, iqr }));
    });
    print(json ? text : `${tables(comparison, { iou, iqr })}\n`);
    running.note(`Open ${outdir}/compare.html`);
    return EXIT.ok;
  });
}

/** The comparison as text for a terminal. */
function tables(comparison: Comparison, thresholds: { iou: number; iqr: number }): string {
  const { rule, incomparable, inputs, onlyInOne } = comparison;
  const rows = inputs.map((input) => [
    input.name,
    String(input.units),
    estimateText(input.detectors, 0),
    estimateText(input.unique, 0),
    `${(100 * input.share.value).toFixed(1)} %`,
    input.medianIou.toFixed(3),
    input.iou90.toFixed(3),
  ]);
  const head = ["", "units", "detectors", "concepts", "share", "median IoU", "90 % IoU"];
  const only = inputs.flatMap(({ name }, index) => {
    const mine = onlyInOne.filter(({ input }) => input === index);
    const told = mine.map(({ name: concept, isNews }) => `${concept}${isNews === false ? " (within two errors)" : ""}`);
    return mine.length > 0 ? [`Only in ${name}: ${told.join(", ")}`] : [];
  });
  const align = ["", ...Array(6).fill("right")];
  return [
    ...(incomparable.length > 0 ? [warningText(incomparable)] : []),
    ruleText(rule, thresholds),
    errorsText(inputs),
    ...controlsText(inputs),
    columns([head, ...rows], align),
    ...only,
  ].join("\n");
}
