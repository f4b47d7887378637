import type { ComparedInput, Comparison, ConceptCell, OnlyIn } from "../compare/index.ts";
import type { Provenance } from "../report-json.ts";
import { controlsText, estimateText, ruleText, warningText } from "./comparison.ts";
import { categoriesSvg, conceptsSvg, layersSvg } from "./comparison-plot.ts";
import { readable } from "./concepts.ts";
import { pageHead } from "./page-head.ts";
import { row, scroll, section, TABLES, table, td } from "./page-tables.ts";
import { escapeXml as escapeHtml } from "./svg.ts";
import { STYLE } from "./viewer/style.ts";

/** Only what is in the page itself may be shown; nothing runs and nothing may be fetched. */
const POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

/** What the other style sheets have not. */
const OWN = `
.figures { display: flex; flex-wrap: wrap; gap: 16px; align-items: start; }
`;

/**
 * `compare.html`: one file that shows a comparison, without scripts and without asking the network
 * for anything.
 */
export function comparisonPage(
  comparison: Comparison,
  provenance: Provenance,
  thresholds?: { readonly iou: number; readonly iqr: number },
): string {
  const { inputs, rule, incomparable } = comparison;
  const title =
    inputs.length === 1 ? `${inputs[0]!.model} ${inputs[0]!.name}` : `${inputs.length} dissections compared`;
  const made = `${provenance.generator.name} ${provenance.generator.version}`;
  return `${pageHead({ title, policy: POLICY, provenance, style: `${STYLE}${TABLES}${OWN}` })}
<body>
<header>
<p class="kicker">GAN dissection</p>
<h1>${escapeHtml(title)}</h1>
</header>
<main>
${incomparable.length > 0 ? `<p class="warning" role="note"><strong>${escapeHtml(warningText(incomparable))}</strong></p>` : ""}
<p class="lead">${escapeHtml(ruleText(rule, thresholds))}</p>
<p class="lead quiet">${escapeHtml(errorsText(inputs))}</p>
${controlsText(inputs)
  .map((text) => `<p class="lead quiet">${escapeHtml(text)}</p>`)
  .join("\n")}
${section("Inputs", inputsTable(comparison))}
<section><h2>Charts</h2><div class="figures">${[
    ["Concepts by category", categoriesSvg(comparison)],
    ["Units by concept", conceptsSvg(comparison)],
    ["Over layers", layersSvg(comparison)],
  ]
    .map(([name, svg]) => scroll(name!, svg!))
    .join("\n")}</div></section>
${section("Concepts", conceptsTable(comparison))}
${inputs.length > 1 ? onlySection(comparison) + section("Every two", pairsTable(comparison)) : ""}
</main>
<footer>
<p>${escapeHtml(made)}${provenance.created ? ` · ${escapeHtml(provenance.created)}` : ""} · methods: Bau et al., CVPR 2017, ICLR 2019, PNAS 2020.</p>
</footer>
</body>
</html>
`;
}

/** What errors there are, and how to get those that are missing. */
export function errorsText(inputs: readonly ComparedInput[]): string {
  const missing = inputs.filter(({ blocks }) => blocks === 0);
  const meant = "Behind ± stands the jackknife's standard error over blocks of images, with levels as they are.";
  if (missing.length === 0) return meant;
  const names = missing.map(({ name }) => name).join(", ");
  const few = missing.every(({ images }) => images < 2);
  return `${missing.length < inputs.length ? `${meant} ` : ""}There are no errors of ${names}: ${
    few
      ? "one image has none."
      : "its report has no blocks.safetensors; dissect it again with this version, or fewer layers at a time."
  }`;
}

function inputsTable({ inputs }: Comparison): string {
  const categories = [...new Set(inputs.flatMap((input) => input.categories.map(({ category }) => category)))].sort();
  const head = ["", "Units", "Images", "Detectors", "Concepts", "Share of units", "Median IoU", "90 % IoU"];
  return table(
    [...head, ...categories.map((category) => `${readable(category)}: detectors, concepts`)],
    inputs.map((input) => {
      const { share } = input;
      const percent = { value: 100 * share.value, error: share.error === undefined ? undefined : 100 * share.error };
      return row(input.name, [
        td(String(input.units)),
        td(String(input.images)),
        td(estimateText(input.detectors, 0)),
        td(estimateText(input.unique, 0)),
        td(`${estimateText(percent, 1)} %`),
        td(input.medianIou.toFixed(3)),
        td(input.iou90.toFixed(3)),
        ...categories.map((category) => {
          const found = input.categories.find((one) => one.category === category);
          return td(found ? `${estimateText(found.detectors, 0)}, ${estimateText(found.unique, 0)}` : "–");
        }),
      ]);
    }),
  );
}

function conceptsTable({ inputs, concepts }: Comparison): string {
  return table(
    ["", "Category", ...inputs.map(({ name }) => `${name}: units, best IoU`)],
    concepts.map(({ name, category, inputs: cells }) =>
      row(readable(name), [td(escapeHtml(readable(category))), ...cells.map((cell) => td(cellText(cell)))]),
    ),
  );
}

function cellText({ detectors, best }: ConceptCell): string {
  const iou = best
    ? `<small>${estimateText(best.iou, 3)} (unit ${best.unit})</small>`
    : "<small>does not occur</small>";
  return `${estimateText(detectors, 0)} ${iou}`;
}

function onlySection({ inputs, concepts, onlyInOne }: Comparison): string {
  const told = ({ isNews }: OnlyIn): string =>
    isNews === undefined ? "not known without errors" : isNews ? "yes" : "no, within two errors of the threshold";
  const rows = onlyInOne.map((only) => {
    const { best } = concepts[only.concept]!.inputs[only.input]!;
    const iou = best ? `${estimateText(best.iou, 3)} (unit ${best.unit})` : "";
    return row(readable(only.name), [
      td(escapeHtml(readable(only.category))),
      td(escapeHtml(inputs[only.input]!.name)),
      td(iou),
      td(told(only)),
    ]);
  });
  const title = "Concepts of one input alone";
  if (rows.length === 0) return `<section><h2>${title}</h2><p class="quiet">There are none.</p></section>`;
  return section(title, table(["", "Category", "Input", "Best IoU", "News"], rows));
}

function pairsTable({ inputs, pairs }: Comparison): string {
  return table(
    ["", "Jaccard index of concepts", "Detectors, difference", "Concepts, difference", "Same z"],
    pairs.map(({ inputs: [a, b], jaccard, detectors, unique, paired }) =>
      row(`${inputs[a]!.name} → ${inputs[b]!.name}`, [
        td(estimateText(jaccard, 2)),
        td(estimateText(detectors, 0)),
        td(estimateText(unique, 0)),
        td(paired ? "yes" : "no"),
      ]),
    ),
  );
}
