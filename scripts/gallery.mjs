// A page of the site that shows reports: what was dissected, what its units detect, and the unit
// that does so best.
//
// Tests: test/site/site.test.ts
import { existsSync } from "node:fs";
import { copyFile, mkdir, readFile, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";

/** Text that is no Markdown. */
const plain = (text) => String(text).replace(/[\\`*_{}[\]()#+\-.!<>|&]/g, (sign) => `&#${sign.codePointAt(0)};`);

/**
 * Writes the page, with its pictures beside it.
 *
 *
 * @param {string} folder where to
 *
 * @param {readonly string[]} reports folders of reports
 *
 * @param {(name: string) => string} addressOf a report's page, by the name of its folder
 *
 * @returns {Promise<string>} the path of the page
 */
export async function writeGallery(folder, reports, addressOf) {
  const shown = await Promise.all(reports.map((report) => entryOf(folder, report, addressOf(basename(report)))));
  const head = "# Gallery\n\nWhat was dissected, with the units that agree best with what they detect.\n";
  await mkdir(folder, { recursive: true });
  const path = join(folder, "gallery.md");
  await writeFile(path, [head, ...shown].join("\n"));
  return path;
}

async function entryOf(folder, report, address) {
  const name = basename(report);
  const text = await readFile(join(report, "report.json"), "utf8").catch(() => undefined);
  if (text === undefined) return `## [${plain(name)}](${address})\n`;
  const { model, segmenter, settings, images, layers, labels } = JSON.parse(text);
  const samples = images ? `${settings.size} photographs` : `${settings.size} images`;
  const rows = layers.map(({ layer, interpretable, concepts, units }) => {
    const most = concepts
      .toSorted((a, b) => b.units.length - a.units.length)
      .slice(0, 6)
      .map((concept) => `${plain(labels[concept.label].name)} ${concept.units.length}`);
    return `| ${plain(layer)} | ${interpretable} of ${units.length} | ${concepts.length} | ${most.join(", ")} |`;
  });
  const pictures = await Promise.all(layers.map((layer, i) => bestOf(folder, report, layer, `${name}-${i}`, labels)));
  return [
    `## [${plain(name)}](${address})`,
    "",
    `${plain(model.name)}, ${samples}, labels of ${plain(segmenter.name)}.`,
    "",
    "| layer | detectors | concepts | most often |",
    "|---|---|---|---|",
    ...rows,
    "",
    ...pictures.filter((picture) => picture !== undefined).flatMap((picture) => [picture, ""]),
  ].join("\n");
}

/** The strip of the unit that agrees best with its concept, where the report has it. */
async function bestOf(folder, report, { layer, units }, name, labels) {
  const best = units.filter((unit) => unit.interpretable).sort((a, b) => b.iou - a.iou)[0];
  if (!best) return undefined;
  // Names of folders are the layer's, but for signs that disks do not take.
  const strip = join(report, layer, "image", `${best.unit}-top.jpg`);
  if (!existsSync(strip)) return undefined;
  await mkdir(folder, { recursive: true });
  const file = `${encodeURIComponent(name).replaceAll("%", "-")}.jpg`;
  await copyFile(strip, join(folder, file));
  const what = `${plain(layer)} unit ${best.unit}: ${plain(labels[best.label].name)}, IoU ${best.iou.toFixed(2)}`;
  // Scrolls, as strips are long.
  return `<figure><div class="strip" tabindex="0" role="group" aria-label="${what}"><img src="${file}" alt=""></div><figcaption>${what}</figcaption></figure>`;
}
