// Makes studio/scenes64/report.json and dissect.json anew, what the studio knows of the embedded
// model's units before anybody asked:
// `node scripts/build.mjs --quick && node scripts/studio-dissection.mjs`. The one has each unit's
// best concept, the other all units' ranks for every concept. On one adapter the same bytes every
// time: they say nothing of when and how long. Of the layer that is painted on first,
// layer4/quantiles.npz too, with no more in it than sessions read.
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

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

/**
 * What of a quantiles.npz sessions read: the sketch in it, for gandissect's programs, is six times
 * as long.
 */
async function withoutSketch(file) {
  const { outputFiles } = await build({
    stdin: {
      contents: `export { openUnitQuantiles } from "./src/dissect/unit-quantiles.ts";
        export { writeNpz } from "./src/weights/write-npz.ts";`,
      resolveDir: ROOT,
    },
    ...{ bundle: true, format: "esm", platform: "node", write: false, logLevel: "warning" },
  });
  const { openUnitQuantiles, writeNpz } = await import(
    `data:text/javascript;base64,${Buffer.from(outputFiles[0].contents).toString("base64")}`
  );
  const table = await openUnitQuantiles(new Uint8Array(readFileSync(file)));
  const { quantiles, means, units, samples } = table;
  const levels = new Float32Array(quantiles.length * units);
  for (const [row, quantile] of quantiles.entries()) levels.set(table.levels(quantile), row * units);
  const f32 = (shape, data) => ({ dtype: "float32", shape, data });
  return writeNpz({
    quantiles: { dtype: "float64", shape: [quantiles.length], data: Float64Array.from(quantiles) },
    levels: f32([quantiles.length, units], levels),
    means: f32([units], means),
    samples: { dtype: "float64", shape: [], data: Float64Array.of(samples) },
  });
}

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
  mkdirSync(join(ROOT, "studio/scenes64/layer4"), { recursive: true });
  const quantiles = await withoutSketch(join(folder, "report/layer4/quantiles.npz"));
  writeFileSync(join(ROOT, "studio/scenes64/layer4/quantiles.npz"), quantiles);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
