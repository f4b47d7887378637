import type { ComparedInput, Comparison, Estimate } from "../compare/index.ts";
import { colorsOf } from "./bargraph.ts";
import { estimateText, warningText } from "./comparison.ts";
import { categoryOrder, readable } from "./concepts.ts";
import { escapeXml, round, text, textWidth, ticks } from "./svg.ts";

/**
 * Colours of light and dark screens, which text and lines follow; a file opened by itself and one
 * within a page alike.
 */
const STYLE = `<style>${[
  ".gan-figure{fill:#1d1c1a}.gan-paper{fill:#fff}.gan-line{stroke:#ddd}.gan-error{stroke:#1d1c1a}",
  "@media(prefers-color-scheme:dark){.gan-figure{fill:#ecebe7}.gan-paper{fill:#1d1d21}",
  ".gan-line{stroke:#3d3d44}.gan-error{stroke:#ecebe7}",
  // The darkest colour of data has 2.5 : 1 on a dark screen, and so 4 : 1.
  '.gan-figure [fill^="#"],.gan-figure [stroke^="#"]{filter:brightness(1.4)}}',
].join("")}</style>`;

/** Between what is drawn and the border. */
const MARGIN = 12;
const ROW = 26;
/** Of the longest bar of a row, and of the highest of a column. */
const [LONG, HIGH] = [320, 90];
const STEP = 18;
const BAR = 14;

/** A figure with a title, which is its accessible name together with what it shows. */
function figure(width: number, height: number, title: string, shows: string, comparison: Comparison, parts: string[]) {
  const warning = comparison.incomparable.length > 0 ? "Not comparable, compared by force" : "";
  const w = Math.ceil(Math.max(width, textWidth(title) + 2 * MARGIN, textWidth(warning) + 2 * MARGIN));
  const h = Math.ceil(height + (warning ? 20 : 0));
  const name = escapeXml([title, shows, warning && warningText(comparison.incomparable)].filter(Boolean).join(". "));
  const head = text(MARGIN, 22, title, "start").replace('style="', 'style="font-weight:600;');
  const foot = warning ? text(MARGIN, h - MARGIN, warning, "start") : "";
  return `<svg xmlns="http://www.w3.org/2000/svg" version="1.1" width="${w}" height="${h}" viewBox="0 0 ${w} ${h}" role="img" aria-label="${name}" class="gan-figure">${STYLE}<rect class="gan-paper" width="${w}" height="${h}"/>${head}${parts.join("")}${foot}</svg>\n`;
}

/** Categories that any input has, in the order of display. */
export function categoriesOf({ inputs }: Pick<Comparison, "inputs">): string[] {
  const found = [...new Set(inputs.flatMap(({ categories }) => categories.map(({ category }) => category)))].sort();
  return categoryOrder(found).filter((category) => found.includes(category));
}

/** Swatches with the names of categories, from left to right. */
function legend(categories: readonly string[], left: number, y: number): { parts: string[]; width: number } {
  let x = left;
  const parts = categories.map((category) => {
    const [color] = colorsOf(category, categories);
    const part = `<rect x="${round(x)}" y="${y - 10}" width="12" height="12" rx="2" fill="${color}"/>${text(x + 17, y, readable(category), "start")}`;
    x += 17 + textWidth(readable(category)) + 16;
    return part;
  });
  return { parts, width: x };
}

/**
 * One stacked bar an input, as wide as it has distinct concepts, by category (the figure of PNAS
 * 2020), with jackknife errors.
 */
export function categoriesSvg(comparison: Comparison): string {
  const { inputs } = comparison;
  const categories = categoriesOf(comparison);
  const most = Math.max(1, ...inputs.map(({ unique }) => unique.value));
  const left = MARGIN + Math.max(40, ...inputs.map(({ name }) => textWidth(name))) + 8;
  const names = legend(categories, MARGIN, 46);
  const rows = inputs.map(({ name, unique, categories: found }, index) => {
    const y = 62 + index * ROW;
    let x = left;
    const bars = categories.map((category) => {
      const value = found.find((one) => one.category === category)?.unique.value ?? 0;
      if (value === 0) return "";
      const width = (LONG * value) / most;
      const bar = `<rect x="${round(x)}" y="${y}" width="${round(width)}" height="${BAR + 2}" fill="${colorsOf(category, categories)[0]}"><title>${escapeXml(`${name}: ${value} ${readable(category)}`)}</title></rect>`;
      x += width;
      return bar;
    });
    return text(left - 8, y + 12, name, "end") + bars.join("") + text(x + 8, y + 12, estimateText(unique, 0), "start");
  });
  const width = Math.max(names.width, left + LONG + 90);
  const shows = inputs.map(({ name, unique }) => `${name}: ${estimateText(unique, 0)}`).join("; ");
  const title = "Distinct concepts that units detect";
  return figure(width, 62 + inputs.length * ROW + MARGIN, title, shows, comparison, [...names.parts, ...rows]);
}

/**
 * Of every input sorted bars, one a concept and as high as it has detectors, in the colours of
 * categories (figure 5 of GAN Dissection).
 */
export function conceptsSvg(comparison: Comparison): string {
  const { inputs } = comparison;
  const categories = categoriesOf(comparison);
  const panels = inputs.map((input, index) => ({ input, bars: barsOf(comparison, index) }));
  const highest = Math.max(1, ...panels.flatMap(({ bars }) => bars.map(({ units }) => units)));
  const longest = Math.max(30, ...panels.flatMap(({ bars }) => bars.map(({ name }) => textWidth(name))));
  // Names hang at 45° below their bars, and begin to the left of them.
  const slant = longest * Math.SQRT1_2 + 10;
  const left = MARGIN + Math.max(30, slant - STEP);
  const panel = 46 + HIGH + slant + 10;
  const names = legend(categories, MARGIN, 46);
  const parts = panels.flatMap(({ input, bars }, index) => {
    const top = 58 + index * panel;
    const ground = top + 38 + HIGH; // the count on the highest bar stays below the caption
    const axis = `<path class="gan-line" d="M${round(left - 4)} ${round(ground)}H${round(left + Math.max(1, bars.length) * STEP)}"/>`;
    return [
      text(MARGIN, top + 12, captionOf(input), "start"),
      axis,
      ...bars.map(({ name, category, units }, at) => {
        const height = (HIGH * units) / highest;
        const x = left + at * STEP;
        const bar = `<rect x="${round(x)}" y="${round(ground - height)}" width="${BAR}" height="${round(height)}" fill="${colorsOf(category, categories)[0]}"><title>${escapeXml(`${name}: ${units}`)}</title></rect>`;
        const count = text(x + BAR / 2, ground - height - 3, String(units), "middle");
        const label = `<g transform="translate(${round(x + BAR / 2 + 4)} ${round(ground + 12)}) rotate(-45)">${text(0, 0, name, "end")}</g>`;
        return bar + count + label;
      }),
    ];
  });
  const captions = inputs.map((input) => textWidth(captionOf(input)) + 2 * MARGIN);
  const most = Math.max(...panels.map(({ bars }) => bars.length), 1);
  const width = Math.max(names.width, left + most * STEP + MARGIN, ...captions);
  const shows = inputs.map(captionOf).join("; ");
  return figure(width, 58 + inputs.length * panel, "Units by concept", shows, comparison, [...names.parts, ...parts]);
}

/** The concepts of an input by category, and those of most detectors first. */
export function barsOf(comparison: Pick<Comparison, "inputs" | "concepts">, index: number) {
  const categories = categoriesOf(comparison);
  return comparison.concepts
    .map(({ name, category, inputs }, concept) => ({
      ...{ concept, name: readable(name), category },
      units: inputs[index]!.detectors.value,
    }))
    .filter(({ units }) => units > 0)
    .sort((a, b) => categories.indexOf(a.category) - categories.indexOf(b.category) || b.units - a.units);
}

/** "layer4: 28 objects, 3 materials". */
function captionOf({ name, categories }: ComparedInput): string {
  const found = categories.map(
    ({ category, unique: { value } }) => `${value} ${readable(category)}${value === 1 ? "" : "s"}`,
  );
  return `${name}: ${found.join(", ") || "nothing"}`;
}

/** Colours of models. */
export const LINES = ["#4B4CBF", "#F0883B", "#55B05B", "#D92E2B", "#AB6BC6", "#50BDAC"] as const;

/**
 * Lines over layers: the share of units that detect anything, and how many concepts they detect,
 * one line a model, with two errors up and down.
 */
export function layersSvg(comparison: Comparison): string {
  const { inputs } = comparison;
  const layers = [...new Set(inputs.map(({ layer }) => layer))];
  const [plotWidth, plotHeight] = [Math.max(240, layers.length * 64), 130];
  const left = MARGIN + 44;
  const series = [...new Set(inputs.map(({ model }) => model))].map(
    (name) => [name, inputs.filter(({ model }) => model === name)] as const,
  );
  const top = 44 + series.length * 18;
  const x = (layer: string): number => left + (plotWidth * (layers.indexOf(layer) + 0.5)) / layers.length;
  const measures = [
    { title: "Units that detect a concept, %", of: ({ share }: ComparedInput) => scaled(share, 100) },
    { title: "Distinct concepts", of: ({ unique }: ComparedInput) => unique },
  ];
  const step = plotHeight + 56;
  const plots = measures.flatMap(({ title, of }, index) => {
    const [head, ground] = [top + index * step + 26, top + index * step + 26 + plotHeight];
    const highest = Math.max(1, ...inputs.map((input) => of(input).value + 2 * (of(input).error ?? 0)));
    const y = (value: number): number => ground - (plotHeight * value) / highest;
    return [
      text(MARGIN, head - 10, title, "start"),
      ...ticks(0, highest, [1, 2, 5, 10, 20, 50, 100], 6).map(
        (value) =>
          `<path class="gan-line" d="M${left} ${round(y(value))}H${left + plotWidth}"/>${text(left - 6, y(value) + 4, String(value), "end")}`,
      ),
      ...series.map(([, members], line) =>
        lineOf(members, LINES[line % LINES.length]!, of, (input) => x(input.layer), y),
      ),
      ...layers.map((layer) => text(x(layer), ground + 18, layer, "middle")),
    ];
  });
  const names = series.map(([name], line) => {
    const y = 44 + line * 18;
    const stroke = `<path d="M${MARGIN} ${y - 4}h18" stroke="${LINES[line % LINES.length]}" stroke-width="2"/>`;
    return stroke + text(MARGIN + 24, y, name, "start");
  });
  const widest = Math.max(...series.map(([name]) => MARGIN + 24 + textWidth(name) + MARGIN));
  const shows = inputs.map(({ name, share }) => `${name}: ${estimateText(scaled(share, 100), 1)} %`).join("; ");
  const width = Math.max(left + plotWidth + MARGIN, widest);
  return figure(width, top + measures.length * step, "Over layers", shows, comparison, [...names, ...plots]);
}

const scaled = ({ value, error }: Estimate, by: number): Estimate => ({
  value: value * by,
  error: error === undefined ? undefined : error * by,
});

function lineOf(
  members: readonly ComparedInput[],
  color: string,
  of: (input: ComparedInput) => Estimate,
  x: (input: ComparedInput) => number,
  y: (value: number) => number,
): string {
  const path = members.map((input) => `${round(x(input))} ${round(y(of(input).value))}`).join("L");
  const points = members.map((input) => {
    const { value, error } = of(input);
    const at = round(x(input));
    const whisker =
      error === undefined
        ? ""
        : `<path class="gan-error" d="M${at} ${round(y(value + 2 * error))}V${round(y(Math.max(0, value - 2 * error)))}"/>`;
    const told = `${input.name}: ${estimateText({ value, error }, 1)}`;
    return `${whisker}<circle cx="${at}" cy="${round(y(value))}" r="4" fill="${color}"><title>${escapeXml(told)}</title></circle>`;
  });
  const line = members.length > 1 ? `<path d="M${path}" fill="none" stroke="${color}" stroke-width="2"/>` : "";
  return line + points.join("");
}
