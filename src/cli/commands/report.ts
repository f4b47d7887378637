import { stat } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import type { UnitPictures } from "../../dissect/result.ts";
import { GanatomyError } from "../../errors.ts";
import { nodeEncoder } from "../../node/photo/encoder.ts";
import type { Extent } from "../../report/extents.ts";
import { type FoundJson, fromGandissect, KnownLabels } from "../../report/from-gandissect.ts";
import { safeFolder } from "../../report/gandissect.ts";
import { HtmlPage } from "../../report/html.ts";
import { embedPicture, pageFeatures } from "../../report/page-draw.ts";
import { parseDissection } from "../../server/dissected.ts";
import { VERSION } from "../../version.ts";
import type { CliCommand } from "../command.ts";
import { EXIT } from "../exit.ts";
import { ofFile, textOf } from "../files-read.ts";
import { FORCE, named } from "../options.ts";
import { pictureExtent, stripPictures } from "../report/strips.ts";
import { folderOf, lacking, notRead } from "../report-folder.ts";
import { settingsOf } from "../settings.ts";
import { withFolder, withInterrupt } from "../with-folder.ts";

export interface ReportOptions {
  readonly outdir?: string;
  readonly force?: boolean;
}

export const reportCommand: CliCommand<ReportOptions, [run: string]> = {
  name: "report",
  description: "show what gandissect itself found as one page, report.html",
  options: (command) =>
    command
      .argument("<run>", "a folder that gandissect wrote, or its dissect.json")
      .option("--outdir <dir>", "where the page goes (default: report/NAME)", named)
      .option("--force", FORCE),
  run,
};

/** Of pictures, where there are none. */
const UNKNOWN: Extent = [1, 1];
const NOTE = [
  "Its files hold no feature maps: the masks of its pictures stand for them here, so that there",
  "are no activations to see, and a level that is moved changes nothing before the mask is gone.",
  "Mutual information is not in them either.",
].join(" ");

function run({ outdir, force }: ReportOptions, given: string): Promise<number> {
  return withInterrupt(async (running) => {
    const { note, signal, progress } = running;
    const { folder, json } = await readRun(given);
    const folders = json.layers.map(({ layer, dirname }) => join(folder, dirname ?? safeFolder(layer)));
    const units = fromGandissect(json, UNKNOWN).layers.map((layer) => layer.units);
    if (units.length === 0) {
      throw new GanatomyError(
        "file",
        `The run in "${folder}" found nothing: its dissect.json has no layers.`,
        "Name a run that dissected a layer.",
      );
    }
    let extent: Extent | undefined;
    for (const [i, path] of folders.entries()) extent ??= await pictureExtent(path, units[i]!);
    const dissection = fromGandissect(json, extent ?? UNKNOWN);
    const page = new HtmlPage(dissection, {
      generator: { name: "gandissect, shown by ganatomy", version: VERSION },
    });
    const known = new KnownLabels(json);
    const colors = new Map(Object.entries(json.segcolors ?? {}).map(([rgb, name]) => [rgb, known.named(name)]));
    const labelOf = (rgb: string): number => colors.get(rgb) ?? 0;
    const total = units.reduce((sum, { length }) => sum + length, 0);
    let [done, missing] = [0, 0];
    const path = outdir ?? join("report", basename(resolve(folder)));
    const output = { path, force, kind: "page", settings: settingsOf("report", {}, given) };
    const encoder = nodeEncoder();
    const { complete } = await withFolder(running, output, async (out) => {
      for (const [i, { layer, units, shape }] of dissection.layers.entries()) {
        for (const unit of units) {
          signal.throwIfAborted();
          progress.report("pictures", done++, total);
          const tops = extent && (await stripPictures(folders[i]!, unit, { extent, labelOf }));
          if (!tops) {
            missing += 1;
            continue;
          }
          const pictures: UnitPictures = { layer, unit: unit.unit, tops };
          const embedded = page
            .claim(pictures)
            .map((rank) => embedPicture(tops[rank]!.picture, extent!, page.drawing, encoder));
          const features = pageFeatures(pictures, unit.level, shape, page.drawing);
          await page.add(pictures, { features, embedded: await Promise.all(embedded) });
        }
      }
      await out.write("report.html", await page.finish(NOTE));
    });
    if (!complete) return EXIT.aborted; // there is no page yet, or that of an earlier run
    if (missing > 0) note(`${missing} of ${total} units have no strips in ${folder}, and so no pictures.`);
    note(`Open ${join(path, "report.html")}`);
    return EXIT.ok;
  });
}

/** The folder of a run, and what its `dissect.json` says. @throws GanatomyError */
async function readRun(asked: string): Promise<{ readonly folder: string; readonly json: FoundJson }> {
  // report.json lies beside the dissect.json that is meant
  const given = basename(asked) === "report.json" ? await folderOf(asked) : asked;
  const there = await stat(given).catch(() => undefined);
  const path = there?.isDirectory() ? join(given, "dissect.json") : given;
  const text = await textOf(path, (cause) => {
    throw cause.code === "ENOENT" ? lacking(dirname(path), basename(path)) : notRead(path, cause);
  });
  return { folder: dirname(path), json: (await ofFile(path, () => parseDissection(text, path))) as FoundJson };
}
