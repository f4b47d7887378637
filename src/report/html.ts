import type { Dissection, LayerResult, UnitPictures } from "../dissect/result.ts";
import type { Provenance, Report } from "../report-json.ts";
import { colorsOf } from "./bargraph.ts";
import { displayNames, hasConcepts } from "./concepts.ts";
import { placeOf } from "./extents.ts";
import { type EmbeddedPicture, type PageDrawing, type PageFeatures, pageShape } from "./page-draw.ts";
import { pageMarkup } from "./page-markup.ts";
import { PageGallery } from "./page-pictures.ts";
import { type PagePlan, planPage } from "./page-plan.ts";
import { row, seenConcepts, unitRankings } from "./rankings.ts";
import { toReport } from "./report.ts";
import { escapeXml } from "./svg.ts";
import { app, type Parts } from "./viewer/app.ts";
import { card } from "./viewer/card.ts";
import { cards } from "./viewer/cards.ts";
import { chart } from "./viewer/chart.ts";
import { controls } from "./viewer/controls.ts";
import { covering } from "./viewer/covering.ts";
import type { PageData, PageLayer } from "./viewer/data.ts";
import { detail } from "./viewer/detail.ts";
import { dom } from "./viewer/dom.ts";
import { labelMaps } from "./viewer/label-maps.ts";
import { legend } from "./viewer/legend.ts";
import { level } from "./viewer/level.ts";
import { measures } from "./viewer/measures.ts";
import { painter } from "./viewer/painter.ts";
import { permalink } from "./viewer/permalink.ts";
import { selection } from "./viewer/selection.ts";
import { strip } from "./viewer/strip.ts";
import { STYLE } from "./viewer/style.ts";
import { surfaces } from "./viewer/surfaces.ts";
import { tiles } from "./viewer/tiles.ts";

const PARTS: Parts = {
  ...{ permalink, dom, surfaces, labelMaps, covering, painter, chart, selection, card, strip, cards },
  ...{ tiles, legend, measures, level, detail, controls },
};

/**
 * `report.html`: one file that shows a whole dissection offline. Pictures are added as they are
 * drawn, in any order; the page is text at the end. It asks the network for nothing, and its
 * content security policy forbids it to.
 */
export class HtmlPage {
  readonly #dissection: Dissection;
  readonly #report: Report;
  readonly #gallery: PageGallery;
  readonly #plan: PagePlan;

  constructor(dissection: Dissection, provenance: Provenance, plan = planPage(dissection)) {
    this.#dissection = dissection;
    this.#plan = plan;
    this.#report = toReport(dissection, provenance);
    this.#gallery = new PageGallery(dissection, plan);
  }

  /** How its pictures are to be drawn. */
  get drawing(): PageDrawing {
    return this.#gallery.drawing;
  }

  /** Which of a unit's pictures are to be embedded, by rank: every picture once. */
  claim(pictures: UnitPictures): number[] {
    return this.#gallery.claim(pictures);
  }

  /**
   * Adds a unit's pictures, drawn; units come in the order in which their pictures were claimed.
   */
  add(
    pictures: UnitPictures,
    drawn: { readonly features: PageFeatures; readonly embedded: readonly EmbeddedPicture[] },
  ): Promise<void> {
    return this.#gallery.add(pictures, drawn);
  }

  abort(): Promise<void> {
    return this.#gallery.abort();
  }

  /** @param instead where masks stand for feature maps: what is to be known of that */
  async finish(instead?: string): Promise<string> {
    const { labels, categories, layers } = this.#dissection;
    const { pictures, features, labels: labelMaps, units } = await this.#gallery.finish();
    const concepts = seenConcepts(this.#dissection).filter((label) => label !== 0);
    const data: PageData = {
      report: this.#report,
      ...(instead !== undefined && { masksAlone: true }),
      names: displayNames(labels),
      categoryColors: Object.fromEntries(
        [...new Set(labels.map(({ category }) => category))].map((name) => [name, colorsOf(name, categories)]),
      ),
      layers: layers.map((layer, i) => this.#layer(layer, concepts, units[i]!)),
      pictures,
    };
    return pageMarkup({
      report: this.#report,
      style: STYLE,
      note: [instead, pictures.note].filter(Boolean).join(" "),
      script: viewerSource(),
      blocks: [
        block("data", "application/json", embeddedJson(data)),
        block("features", "text/plain", features),
        block("labels", "text/plain", labelMaps),
      ],
    });
  }

  #layer(layer: LayerResult, concepts: readonly number[], features: PageLayer["features"]): PageLayer {
    const { labels } = this.#dissection;
    const count = layer.units.length;
    const named = hasConcepts(labels);
    const scores = concepts.map((label) => [label, row(layer.tables.iou, label, count)] as const);
    return {
      shape: pageShape(layer.shape, this.#plan.featureSize),
      ...(layer.area && { placed: placeOf(this.#dissection, layer) }),
      labelPosition: named ? unitRankings(layer, this.#dissection)[1]!.score : layer.units.map((_, i) => i),
      scores: Object.fromEntries(scores),
      best: layer.units.map((_, unit) => bestConcepts(layer.tables.iou, labels.length, count, unit)),
      features,
    };
  }
}

/** The five concepts of highest IoU with a unit. */
function bestConcepts(iou: Float64Array, labels: number, units: number, unit: number): [number, number][] {
  const scored: [number, number][] = [];
  for (let label = 1; label < labels; label++) {
    const value = iou[label * units + unit]!;
    if (value >= 0.0005) scored.push([label, value]);
  }
  return scored.sort((a, b) => b[1] - a[1]).slice(0, 5);
}

/**
 * JSON that may stand in a page: no "<" to end the element early, numbers to five digits, which is
 * more than is shown.
 */
export function embeddedJson(value: unknown): string {
  return JSON.stringify(value, (_, v) =>
    typeof v === "number" && !Number.isInteger(v) ? Number(v.toPrecision(5)) : v,
  ).replaceAll("<", "\\u003c");
}

function block(id: string, type: string, content: string): string {
  return `<script id="${id}" type="${escapeXml(type)}">${content}</script>`;
}

/**
 * The viewer's functions as source. They import nothing and are handed to each other by name, so
 * they read the same whether they come from TypeScript, a bundle or a minified one. `__name` is
 * what bundlers that keep names wrap inner functions in; a bundle that keeps names and is minified
 * renames that too, and is the one kind that this cannot be part of.
 */
export function viewerSource(): string {
  const sources = Object.entries(PARTS).map(([name, part]) => `${name}: ${part.toString()}`);
  const source = `const __name = (part) => part;\n(${app.toString()})({\n${sources.join(",\n")}\n});`;
  return source.replaceAll("</", "<\\/");
}
