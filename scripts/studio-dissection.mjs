// Makes studio/scenes64/report.json and dissect.json anew, what the studio knows of the embedded
// model's units before anybody asked: `node scripts/build.mjs --quick &&
// node scripts/studio-dissection.mjs`. The one has each unit's best concept, the other all units'
// ranks for every concept. On one adapter the same bytes every time: they say nothing of when and
// how long.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../", import.meta.url));
/** One layer a resolution, from the paper's to where windows are. */
const OPTIONS = ["--layers", "layer4,layer6,layer8", "--examples", "12"];

/** What of dissect.json the report has not: how all units do by IoU, to four digits. */
const rankingsOf = ({ netname, layers }) => ({
  netname,
  layers: layers.map(({ layer, units, rankings }) => ({
    layer,
    units: units.map(({ interp, iou_label, iou_cat }) => ({ interp, iou_label, iou_cat })),
    rankings: rankings
      .filter(({ name }) => name.endsWith("-iou"))
      .map(({ name, score }) => ({ name, score: score.map((iou) => Number(iou.toPrecision(4))) })),
  })),
});

const folder = mkdtempSync(join(tmpdir(), "ganatomy-studio-"));
try {
  const args = [join(ROOT, "dist/cli.js"), "dissect", ...OPTIONS, "--outdir", join(folder, "report")];
  execFileSync(process.execPath, args, { stdio: ["ignore", "ignore", "inherit"] });
  const read = (name) => JSON.parse(readFileSync(join(folder, "report", name), "utf8"));
  const report = read("report.json");
  const { created, seconds, ...provenance } = report.provenance;
  provenance.command = ["ganatomy", "dissect", ...OPTIONS].join(" ");
  const write = (name, json) => writeFileSync(join(ROOT, "studio/scenes64", name), `${JSON.stringify(json)}\n`);
  write("report.json", { ...report, provenance });
  write("dissect.json", rankingsOf(read("dissect.json")));
} finally {
  rmSync(folder, { recursive: true, force: true });
}
