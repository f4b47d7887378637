import type { Report } from "../report-json.ts";
import { ceilingOf, ceilingText } from "./ceiling.ts";
import { displayNames } from "./concepts.ts";
import { imageExtent } from "./extents.ts";
import { pageHead } from "./page-head.ts";
import { escapeXml as escapeHtml } from "./svg.ts";

// Tests: test/report/html.test.ts, test/report/viewer/app.test.ts

/** The parts that a page is made of, already safe to stand in it. */
interface PageParts {
  readonly report: Report;
  readonly style: string;
  readonly script: string;
  readonly blocks: readonly string[];
  /** What the page leaves out. */
  readonly note: string;
}

const VIEWS = [
  ["masked", "Masked"],
  ["original", "Original"],
  ["mask", "Mask"],
  ["segmentation", "Labels"],
  ["activation", "Activation"],
] as const;

/** Only what is in the page itself may run, style or be shown; nothing may be fetched. */
const POLICY =
  "default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

/**
 * The page without its data: header, tabs, tools, the dialog of a unit, and a plain table for
 * readers without scripts.
 */
export function pageMarkup({ report, style, script, blocks, note }: PageParts): string {
  const title = `${report.model.name}: GAN dissection`;
  return `${pageHead({ title, policy: POLICY, provenance: report.provenance, style })}
<body>
<header>
<p class="kicker">GAN dissection</p>
<h1>${escapeHtml(report.model.name)}</h1>
<dl class="about">${about(report)}</dl>
<nav id="layers" aria-label="Layers">${tabs(report)}</nav>
</header>
<main>
<p id="summary" aria-live="polite"></p>
<div id="chart" role="group" aria-label="Units by concept; press a bar to see its units"></div>
<div id="tools" role="search">
${views("cards")}
<label>Sort <select id="sort"><option value="label">by label</option><option value="iou">by IoU</option><option value="iqr">by IQR</option><option value="unit">by unit</option><option value="concept" id="by-concept">all by the concept</option></select></label>
<label>Concept <select id="concept"><option value="">any</option></select></label>
<label><span class="hidden">Search</span><input type="search" id="query" placeholder="Search units" autocomplete="off"></label>
<label><input type="checkbox" id="interpretable"> interpretable only</label>
<span id="count" aria-live="polite"></span>
</div>
<div id="cards"></div>
${noScript(report)}
</main>
<dialog id="detail" aria-labelledby="detail-title">
<div class="bartop">
<div class="name"><h2 id="detail-title" tabindex="-1" autofocus></h2><p id="detail-where"></p></div>
${views("detail")}
<a id="link" title="The address of this unit as you see it">Permalink</a>
<button class="plain" type="button" id="previous" aria-label="Previous unit">←</button>
<button class="plain" type="button" id="next" aria-label="Next unit">→</button>
<form method="dialog"><button class="plain" aria-label="Close">✕</button></form>
</div>
<div id="detail-body">
<div><p id="under" class="hint"></p><ul id="legend" aria-label="Labels in these pictures"></ul><div id="tiles"></div></div>
<div class="side">
<h3>Best concepts, by IoU</h3><ul id="best"></ul>
<h3>Measured on the test set</h3><dl id="facts"></dl>
<div id="level-box"><h3><label for="level">Level</label></h3><input type="range" id="level">
<p class="hint"><span id="level-value"></span> <button type="button" class="link" id="level-reset">reset</button></p>
<p class="hint">The unit is on where its activation is above the level. Move it to see the mask change; the scores are those of the chosen level.</p></div>
</div>
</div>
</dialog>
<footer>
<p>Each unit is one channel of a layer. It is shown with the images that activate it most; bright is where it is on, that is above its level. Masks follow the scoring rule: bilinear upsampling to the borders, strictly above the level. IoU and IQR say how well that area agrees with a concept on images that were not used to choose the level.</p>
${note ? `<p>${escapeHtml(note)}</p>` : ""}
<p><kbd>/</kbd> search · <kbd>1</kbd>–<kbd>5</kbd> views · <kbd>←</kbd> <kbd>→</kbd> previous and next unit · <kbd>Esc</kbd> close. The address holds all that you see, so it can be shared.</p>
<p>${escapeHtml(`${report.provenance.generator.name} ${report.provenance.generator.version}`)}${report.provenance.created ? ` · ${escapeHtml(report.provenance.created)}` : ""} · method: Bau et al., GAN Dissection, ICLR 2019.</p>
</footer>
${blocks.join("\n")}
<script>
${script}
</script>
</body>
</html>
`;
}

function about({ model, images, segmenter, adapter, settings, labels, provenance }: Report): string {
  const adapterName =
    adapter.description || [adapter.vendor, adapter.architecture].filter(Boolean).join(" ") || "unknown";
  const threshold =
    typeof settings.quantileThreshold === "number"
      ? `top ${Number((settings.quantileThreshold * 100).toPrecision(3))} % of pixels`
      : { iqr: "best IQR", maxiou: "best IoU" }[settings.quantileThreshold];
  const [height, width] = imageExtent({ model });
  const samples = settings.size.toLocaleString("en");
  const ceiling = ceilingOf({ settings, labels, labelPixels: labels.map(({ pixels }) => pixels) });
  const facts: [string, string][] = [
    // One pixel is of nothing that was drawn: a run of gandissect without its pictures.
    ...(width * height > 1 ? [["Images", `${width} × ${height}`] as [string, string]] : []),
    ["Samples", images ? `${samples} photographs` : `${samples} (seed ${settings.seed})`],
    ["Segmenter", segmenter.name],
    ...controlsOf(model),
    ["Level by", threshold],
    ...(ceiling ? [["Ceiling", ceilingText(ceiling)] as [string, string]] : []),
    ["Computed on", adapter.software ? `${adapterName} (software)` : adapterName],
    ...(provenance.seconds === undefined ? [] : [["Time", `${provenance.seconds.toFixed(1)} s`] as [string, string]]),
  ];
  return facts.map(([name, value]) => `<div><dt>${escapeHtml(name)}</dt><dd>${escapeHtml(value)}</dd></div>`).join("");
}

/** What says that this is no network's own units, or of no training. */
const controlsOf = ({ rotation, untrained }: Report["model"]): [string, string][] => [
  ...(rotation === undefined
    ? []
    : [["Control", `units are a random rotation (seed ${rotation})`] as [string, string]]),
  ...(untrained === undefined ? [] : [["Control", `untrained weights (seed ${untrained})`] as [string, string]]),
];

function tabs({ layers }: Report): string {
  return layers
    .map(({ layer, interpretable, units }) => {
      const href = escapeHtml(`#${encodeURIComponent(layer)}`);
      return `<a href="${href}" data-layer="${escapeHtml(layer)}">${escapeHtml(layer)} <small>${interpretable}/${units.length}</small></a>`;
    })
    .join("");
}

function views(place: string): string {
  const options = VIEWS.map(
    ([view, name], i) =>
      `<label title="${name} (${i + 1})"><input type="radio" name="view-${place}" data-view="${view}">${name}</label>`,
  );
  return `<fieldset class="views"><legend>View</legend>${options.join("")}</fieldset>`;
}

function noScript({ layers, labels }: Report): string {
  const names = displayNames(labels);
  const rows = layers.flatMap(({ layer, concepts }) =>
    concepts.map(
      ({ label, units }) =>
        `<tr><td>${escapeHtml(layer)}</td><td>${escapeHtml(names[label] ?? "")}</td><td>${units.join(", ")}</td></tr>`,
    ),
  );
  return `<noscript><p class="empty">This page draws its pictures itself and needs JavaScript for that; it loads nothing from the network. These are the interpretable units; all numbers are in report.json and units.csv beside it.</p><table><tr><th>Layer</th><th>Concept</th><th>Units</th></tr>${rows.join("")}</table></noscript>`;
}
