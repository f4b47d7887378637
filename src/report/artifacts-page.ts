import type { Ablated } from "../compare/index.ts";
import type { Provenance } from "../report-json.ts";
import { type ArtifactFindings, conceptPixels, type RankedUnit, rankingName, verdicts } from "./artifacts.ts";
import { fourDigits, frechetName } from "./distances.ts";
import { pageHead } from "./page-head.ts";
import { row, scroll, section, TABLES, table, td } from "./page-tables.ts";
import { escapeXml as escapeHtml } from "./svg.ts";
import { files, marks } from "./viewer/marks.ts";
import { STYLE } from "./viewer/style.ts";

/** Images of a unit that are shown. */
export const SHOWN_IMAGES = 8;
/** Concepts in the table; the JSON has all. */
const CONCEPTS = 20;

/** Only what is in the page itself may run, style or be shown; nothing may be fetched. */
const POLICY =
  "default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

/** What the other style sheets have not. */
const OWN = `
.good { border: 1px solid #2e7d32; border-radius: 12px; padding: 12px 16px; background: color-mix(in srgb, #2e7d32 12%, var(--card)); }
.warning p, .good p { margin: 0; } .warning p + p, .good p + p { margin-top: 6px; }
details { margin-top: 12px; } summary { cursor: pointer; color: var(--soft); margin-bottom: 8px; }
#note { font: inherit; font-size: 14px; color: var(--ink); background: var(--card); border: 1px solid var(--line); border-radius: 8px; padding: 6px 10px; width: 270px; max-width: 100%; }
#tools label.plain { color: var(--ink); font-size: 14px; background: var(--card); border: 1px solid var(--line); border-radius: 8px; padding: 6px 10px; cursor: pointer; }
#tools label.plain:hover { border-color: var(--accent); }
#tools label.plain:has(:focus-visible) { outline: 2px solid var(--accent); outline-offset: 2px; }
#said:empty { display: none; } #said { flex-basis: 100%; margin: 0; color: var(--soft); font-size: 14px; }
#units { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 330px), 1fr)); gap: 14px; margin: 0; padding: 0; list-style: none; }
.unit { min-width: 0; padding: 10px 12px; border-radius: 12px; background: var(--card); border: 1px solid var(--line); content-visibility: auto; contain-intrinsic-size: auto 220px; }
.unit.marked { border-color: var(--accent); box-shadow: inset 0 0 0 1px var(--accent); }
.unit h3 { margin: 0; font: 400 20px/1.25 var(--serif); letter-spacing: 0; text-transform: none; color: var(--ink); }
.unit .facts { margin: 0; color: var(--soft); font-size: 12.5px; font-variant-numeric: tabular-nums; }
.tops { display: grid; grid-template-columns: repeat(4, 1fr); gap: 3px; margin-top: 8px; }
:where(.tops span) { aspect-ratio: var(--aspect); border-radius: 4px; background: var(--well) center / cover; }
.scroll th { white-space: normal; min-width: 7em; }
.unit button { font: inherit; font-size: 13px; color: var(--ink); background: var(--well); border: 1px solid var(--line); border-radius: 8px; padding: 3px 12px; cursor: pointer; }
.unit button:hover { border-color: var(--accent); }
.unit button[aria-pressed=true] { background: var(--accent); border-color: var(--accent); color: var(--paper); }
@media (max-width: 860px) { #tools { position: sticky; } }
`;

/** A picture of an image, as a file. */
export interface PagePicture {
  readonly image: number;
  readonly jpeg: Uint8Array;
}

/**
 * `artifacts.html`: one file that says what came of every ranking, and shows the images that each
 * unit activates most, to mark units by eye. It asks the network for nothing, and its content
 * security policy forbids it to.
 * @param aspect width / height of the images
 */
export function artifactsPage(
  findings: ArtifactFindings,
  pictures: readonly PagePicture[],
  { provenance, aspect }: { readonly provenance: Provenance; readonly aspect: number },
): string {
  const { model, layer, units } = findings;
  const { better, text } = verdicts(findings);
  const title = `Artifact units of ${model}, ${layer}`;
  const tiles = pictures.map(
    ({ image, jpeg }) => `.i${image}{background-image:url(data:image/jpeg;base64,${base64(jpeg)})}`,
  );
  const style = `${STYLE}${TABLES}${OWN}:root{--aspect:${aspect}}\n${tiles.join("\n")}\n`;
  const source = `const __name = (part) => part;\n(${marks.toString()})((${files.toString()})());`.replaceAll(
    "</",
    "<\\/",
  );
  return `${pageHead({ title, policy: POLICY, provenance, style })}
<body>
<header>
<p class="kicker">GAN dissection</p>
<h1>${escapeHtml(title)}</h1>
${about(findings)}
</header>
<main>
<section><div class="${better ? "good" : "warning"}" role="note">${text
    .map((line, i) => `<p>${i === 0 && !better ? `<strong>${escapeHtml(line)}</strong>` : escapeHtml(line)}</p>`)
    .join("")}</div>
<p class="lead quiet">${escapeHtml(aboutJudging(findings))}</p></section>
${section("Ablated together", togetherTable(findings))}
${aloneTables(findings)}
${findings.judgement.labels.length > 0 ? section("Concepts, in percent of all pixels", conceptsTable(findings)) : ""}
<section><h2>Units</h2>
<p class="lead quiet">Each with the ${shownOf(units)} images in which it is most active. Mark those whose images share a defect; <code>ganatomy ablate --units @marks.json</code> takes away what was marked, and the studio opens the file, too.</p>
${tools(findings)}
<ul id="units" data-model="${escapeHtml(model)}" data-layer="${escapeHtml(layer)}">
${units.map((unit) => card(unit, findings)).join("\n")}
</ul></section>
</main>
<footer>
<p>${escapeHtml(`${provenance.generator.name} ${provenance.generator.version}`)}${provenance.created ? ` · ${escapeHtml(provenance.created)}` : ""} · methods: Bau et al., ICLR 2019.</p>
</footer>
<script>${source}</script>
</body>
</html>
`;
}

const shownOf = (units: readonly RankedUnit[]): number => Math.min(SHOWN_IMAGES, units[0]?.images.length ?? 0);

function about({ size, seed, top, rankSize, real, features, judgement }: ArtifactFindings): string {
  const facts = [
    ["Scores", `the first ${top} of ${size} images, seed ${seed}`],
    ...(rankSize === undefined ? [] : [["Own ablations", `${rankSize} images, seed ${seed}`]]),
    ["Judged on", `${judgement.images} images, seed ${judgement.seed}`],
    ["Real images", `${real.name}: ${real.ranking} to rank, ${real.judging} to judge`],
    ["Features", `${features.network} ${features.tensor}, ${features.d} numbers`],
  ];
  const pairs = facts.map(([name, value]) => `<div><dt>${name}</dt><dd>${escapeHtml(value!)}</dd></div>`);
  return `<dl class="about">${pairs.join("")}</dl>`;
}

function aboutJudging({ notes, features, real }: ArtifactFindings): string {
  const fd = frechetName(features);
  const odd =
    real.skipped.length > 0
      ? ` ${real.skipped.length} ${real.skipped.length === 1 ? "file was" : "files were"} skipped, as no photographs; artifacts.json names them.`
      : "";
  return `${fd} is the Fréchet distance from real images: less is nearer. p says how often ${fd} falls as far when before and after are swapped at random, image by image. ${notes.join(" ")}${odd}`;
}

const change = (value: number): string => `${value < 0 ? "−" : "+"}${fourDigits(Math.abs(value))}`;
const pOf = ({ p }: Ablated): string => (p === undefined ? "–" : fourDigits(p));
const listed = (units: readonly number[]): string => units.join(", ");

function togetherTable({ judgement, features }: ArtifactFindings): string {
  const { before, random, rankings } = judgement;
  const drawn = random.map(({ frechet }) => frechet.distance);
  const mean = drawn.reduce((sum, value) => sum + value, 0) / drawn.length;
  const from = before.frechet.distance;
  const range = `<small>${fourDigits(Math.min(...drawn))} to ${fourDigits(Math.max(...drawn))}</small>`;
  return table(
    ["Without", frechetName(features), "Change", "p", "As good by chance", "Units"],
    [
      row("nothing", [td(fourDigits(from)), td(""), td(""), td(""), td("")]),
      ...rankings.map(({ name, units, together, chance }) =>
        row(`the first by ${rankingName(name)}`, [
          td(fourDigits(together.frechet.distance)),
          td(change(together.change)),
          td(pOf(together)),
          td(fourDigits(chance)),
          td(`<small>${listed(units)}</small>`),
        ]),
      ),
      row(`random ones, mean of ${random.length} draws`, [
        td(`${fourDigits(mean)} ${range}`),
        td(change(mean - from)),
        td("–"),
        td(""),
        td(`<small>${random[0]?.units.length ?? 0} each</small>`),
      ]),
    ],
  );
}

/** Every ranked unit alone, folded away. */
function aloneTables({ judgement, features }: ArtifactFindings): string {
  return judgement.rankings
    .map(({ name, alone }) => {
      const rows = alone.map((one) =>
        row(`unit ${listed(one.units)}`, [td(fourDigits(one.frechet.distance)), td(change(one.change)), td(pOf(one))]),
      );
      const title = `Each alone, by ${rankingName(name)}`;
      const cells = table(["Without", frechetName(features), "Change", "p"], rows);
      return `<details><summary>${escapeHtml(title)}</summary>${scroll(title, cells)}</details>`;
    })
    .join("\n");
}

function conceptsTable({ judgement, pixels }: ArtifactFindings): string {
  const names = judgement.rankings.map(({ name }) => name);
  const percent = (count: number): string => ((100 * count) / pixels).toFixed(2);
  return table(
    ["Concept", "Before", ...names.map((name) => `Without the first by ${rankingName(name)}`), "Without random ones"],
    conceptPixels(judgement)
      .slice(0, CONCEPTS)
      .map(({ concept, before, rankings, random }) =>
        row(concept, [td(percent(before)), ...names.map((name) => td(percent(rankings[name]!))), td(percent(random))]),
      ),
  );
}

const tools = ({ units }: ArtifactFindings): string => `<div id="tools">
<label>Sort by <select id="sort"><option value="score">published score</option>${
  units[0]?.change === undefined ? "" : '<option value="change">own ablation</option>'
}<option value="unit">number</option><option value="marked">marked first</option></select></label>
<input id="note" type="text" placeholder="Note, such as: window frames" aria-label="Note" maxlength="200">
<button class="plain" id="save" type="button" disabled>Save marks</button>
<label class="plain"><input class="hidden" id="open" type="file" accept=".json,application/json">Open marks</label>
<button class="plain" id="clear" type="button" disabled>Clear</button>
<span id="count" role="status"></span>
<p id="said" role="alert"></p>
</div>
<noscript><p class="quiet">Marking needs scripts; everything else does without.</p></noscript>`;

function card({ unit, distance, change: own, images }: RankedUnit, { features }: ArtifactFindings): string {
  const facts = [
    `score ${fourDigits(distance)}`,
    ...(own === undefined ? [] : [`alone ${change(own)} ${frechetName(features)}`]),
  ];
  const shown = images.slice(0, SHOWN_IMAGES);
  const data = `data-unit="${unit}" data-score="${distance}"${own === undefined ? "" : ` data-change="${own}"`}`;
  return `<li class="unit" ${data}><div class="line"><h3>Unit ${unit}</h3><button type="button" aria-pressed="false" aria-label="Mark unit ${unit}">Mark</button></div><p class="facts">${facts.join(" · ")}</p><div class="tops" role="img" aria-label="The images in which unit ${unit} is most active: ${listed(shown)}">${shown.map((image) => `<span class="i${image}" title="image ${image}"></span>`).join("")}</div></li>`;
}

function base64(bytes: Uint8Array): string {
  let binary = "";
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return btoa(binary);
}
