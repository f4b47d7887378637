import { type ArtifactFindings, conceptPixels, rankingName, verdicts } from "../../report/artifacts.ts";
import { fourDigits, frechetName } from "../../report/distances.ts";
import { columns } from "../table.ts";

/** Units of each ranking, and concepts, on the terminal; the JSON has all. */
const [UNITS, CONCEPTS] = [10, 10];

/** What was found, for people. */
export function artifactsTable(findings: ArtifactFindings): string {
  const { model, layer, features, judgement, pixels, notes, real } = findings;
  const fd = frechetName(features);
  const lines = [
    `${layer} of ${model}, ${fd} of ${features.network} ${features.tensor}`,
    "",
    ...verdicts(findings).text,
  ];
  for (const { name, together, alone } of judgement.rankings) {
    const rows = [together, ...alone.slice(0, UNITS)].map(({ units, frechet, change, p }, row) => [
      row === 0 ? "together" : `unit ${units[0]}`,
      fourDigits(frechet.distance),
      `${change < 0 ? "−" : "+"}${fourDigits(Math.abs(change))}`,
      p === undefined ? "" : fourDigits(p),
    ]);
    lines.push("", `Without the first by ${rankingName(name)}:`);
    lines.push(columns([["", fd, "change", "p"], ...rows], ["", "right", "right", "right"]));
    if (alone.length > UNITS) lines.push(`  … and ${alone.length - UNITS} more; the JSON has all`);
  }
  const percent = (count: number): string => `${((100 * count) / pixels).toFixed(2)} %`;
  const names = judgement.rankings.map(({ name }) => name);
  const concepts = conceptPixels(judgement).slice(0, CONCEPTS);
  if (concepts.length > 0) {
    const rows = concepts.map(({ concept, before, rankings, random }) => [
      concept,
      percent(before),
      ...names.map((name) => percent(rankings[name]!)),
      percent(random),
    ]);
    const head = ["concept", "before", ...names.map((name) => `without by ${name}`), "without random"];
    lines.push("", columns([head, ...rows], ["", ...Array(head.length - 1).fill("right")]));
  }
  for (const note of notes) lines.push("", note);
  if (real.skipped.length > 0) {
    lines.push("", `Skipped in ${real.name}, as no photographs (${real.skipped.length}):`);
    lines.push(...real.skipped.slice(0, 10).map(({ reason }) => `  ${reason}`));
  }
  return `${lines.join("\n")}\n`;
}
