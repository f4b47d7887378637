// Makes studio/scenes64/report.json anew, what the studio knows of the embedded model's units
// before anybody asked: `node scripts/build.mjs --quick && node scripts/studio-dissection.mjs`.
// On one adapter the same bytes every time: it says nothing of when and how long.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../", import.meta.url));
/** One layer a resolution, from the paper's to where windows are. */
const OPTIONS = ["--layers", "layer4,layer6,layer8", "--examples", "12"];

const folder = mkdtempSync(join(tmpdir(), "ganatomy-studio-"));
try {
  const args = [join(ROOT, "dist/cli.js"), "dissect", ...OPTIONS, "--outdir", join(folder, "report")];
  execFileSync(process.execPath, args, { stdio: ["ignore", "ignore", "inherit"] });
  const report = JSON.parse(readFileSync(join(folder, "report/report.json"), "utf8"));
  const { created, seconds, ...provenance } = report.provenance;
  provenance.command = ["ganatomy", "dissect", ...OPTIONS].join(" ");
  writeFileSync(join(ROOT, "studio/scenes64/report.json"), `${JSON.stringify({ ...report, provenance })}\n`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
