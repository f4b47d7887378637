import type { Loaded, Session, Thumbnail } from "../session/session.ts";
import { listed, reflect, wholeOf, wholesOf, wordOf } from "./attributes.ts";
import { html } from "./html.ts";
import { type ListedUnit, listedUnits } from "./listed-units.ts";
import { firstLayer, SessionChild } from "./session-child.ts";
import { GRID_STYLE, VirtualGrid } from "./virtual-grid.ts";

// Tests: test/elements/gan-units.test.ts

const STYLE = `
${GRID_STYLE}
.tools { display: flex; flex-wrap: wrap; align-items: center; gap: 8px; margin-bottom: 8px; }
.tools label { display: inline-flex; align-items: center; gap: 6px; color: var(--_soft); font-size: 13px; }
.tools label:has(input) { flex: 1 1 120px; }
.tools input { flex: 1; width: 60px; }
.count { margin-left: auto; color: var(--_soft); font-size: 13px; }
[role=option] canvas { display: block; width: 100%; height: 84px; object-fit: contain; border-radius: 4px; background: var(--_well); image-rendering: var(--gan-image-rendering, auto); }
[role=option] .line { display: flex; justify-content: space-between; gap: 6px; font-size: 12px; line-height: 18px; }
[role=option] .name { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
`;

/** Pixels of a card, and of the longer edge of its picture. */
const CARD = { width: 92, height: 128 };
const THUMBNAIL = 84;

type Sort = "score" | "unit" | "label";

/** Whose units are listed. */
interface Shown {
  readonly session: Session;
  readonly loaded: Loaded;
  readonly layer: string;
}

/**
 * The units of a layer: each at the image that activates it most. Only those that are seen are
 * drawn.
 *
 * @attr layer - The layer; a dissected one unless given.
 * @attr concept - Only units of this concept, by their rank for it.
 * @attr category - Only units that detect something of this category, such as "material".
 * @attr sort - "score", the best first; "unit", by number; or "label", by what they detect,
 *   category by category.
 * @attr top - At most so many; all unless given.
 * @attr selected - Numbers of the selected units.
 * @attr multiple - Several can be selected.
 * @csspart grid - The list.
 * @csspart card - A unit.
 * @cssprop --gan-units-height - How high the list is.
 * @fires change {Event} - Somebody selected other units.
 * @fires gan-unit {CustomEvent<UnitName>} - Somebody chose a unit: layer, unit.
 * @fires gan-error {CustomEvent<ErrorDetail>} - It cannot be found out.
 */
export class GanUnits extends SessionChild {
  /** Attributes whose changes the browser tells it. */
  static readonly observedAttributes = [
    "session",
    "layer",
    "concept",
    "category",
    "sort",
    "top",
    "selected",
    "multiple",
  ];

  readonly #search = html("input", { type: "search", oninput: () => this.#list() });
  readonly #sort = html(
    "select",
    { onchange: () => this.#sortBy(this.#sort.value) },
    ...(["score", "unit", "label"] as const).map((sort) => html("option", { value: sort }, sort)),
  );
  readonly #category = html("select", { onchange: () => this.#showOnly(this.#category.value) });
  readonly #categories = html("label", { hidden: true }, "Category", this.#category);
  readonly #count = html("span", { class: "count number", role: "status" });
  readonly #grid = new VirtualGrid<ListedUnit>("Units", CARD, {
    card: (unit) => this.#card(unit),
    seen: (units) => this.#see(units),
    chosen: (unit) => this.#choose(unit),
    selected: ({ unit }) => this.#selected.has(unit),
  });
  #shown: Shown | undefined;
  /** What is listed: of which layer, concept and report. */
  #of: readonly unknown[] = [];
  #units: readonly ListedUnit[] = [];
  #listed: readonly ListedUnit[] = [];
  #selected: ReadonlySet<number> = new Set();
  readonly #thumbnails = new Map<number, Thumbnail>();
  readonly #canvases = new Map<number, HTMLCanvasElement>();
  #asking: AbortController | undefined;
  /** Units whose pictures are being drawn. */
  #asked: ReadonlySet<number> = new Set();

  constructor() {
    super(STYLE);
    const tools = html(
      "div",
      { class: "tools" },
      html("label", {}, "Search", this.#search),
      html("label", {}, "Sort by", this.#sort),
      this.#categories,
      this.#count,
    );
    this.root.append(tools, this.#grid.element);
  }

  /** The layer; empty for a dissected one. */
  get layer(): string {
    return this.getAttribute("layer") ?? "";
  }
  set layer(value: string | null | undefined) {
    reflect(this, "layer", value || undefined);
  }

  /** Whose units are listed; empty for all. */
  get concept(): string {
    return this.getAttribute("concept") ?? "";
  }
  set concept(value: string | null | undefined) {
    reflect(this, "concept", value || undefined);
  }

  /** Whose units are listed, whatever they detect of it; empty for all. */
  get category(): string {
    return this.getAttribute("category") ?? "";
  }
  set category(value: string | null | undefined) {
    reflect(this, "category", value || undefined);
  }

  /** In which order. */
  get sort(): Sort {
    return wordOf(this, "sort", ["score", "unit", "label"]);
  }
  set sort(value: Sort | null | undefined) {
    reflect(this, "sort", value);
  }

  /** At most so many; 0 for all. */
  get top(): number {
    return wholeOf(this, "top", 0);
  }
  set top(value: number | null | undefined) {
    reflect(this, "top", value || undefined);
  }

  /** Numbers of the selected units. */
  get selected(): number[] {
    return wholesOf(this, "selected");
  }
  set selected(value: string | readonly number[] | null | undefined) {
    reflect(this, "selected", listed(value));
  }

  /** Whether several can be selected. */
  get multiple(): boolean {
    return this.hasAttribute("multiple");
  }
  set multiple(value: boolean | null | undefined) {
    reflect(this, "multiple", value);
  }

  /** What is listed, in its order. */
  get units(): readonly ListedUnit[] {
    return this.#listed;
  }

  /** It came into a document. */
  protected override begin(): void {
    super.begin();
    this.#grid.begin();
  }

  /** It is in no document any more: what it holds is let go. */
  protected override end(): void {
    super.end();
    this.#grid.end();
  }

  protected render(session: Session, loaded: Loaded): void {
    const layer = this.layer || firstLayer(loaded);
    const of = [session, loaded.model, loaded.report, layer, this.concept];
    this.#grid.multiple = this.multiple;
    this.#selected = new Set(this.selected);
    this.#sort.value = this.sort;
    if (of.every((part, at) => part === this.#of[at])) this.#list();
    else this.#find(of, { session, loaded, layer });
  }

  /** Finds out which units there are. */
  #find(of: readonly unknown[], { session, loaded, layer }: Shown): void {
    const other = of.slice(0, 4).some((part, at) => part !== this.#of[at]);
    this.#of = of;
    this.#shown = { session, loaded, layer };
    if (other) this.#forget();
    listedUnits(session, loaded, layer, this.concept).then(
      (units) => {
        if (of !== this.#of) return;
        this.#units = units;
        this.#list();
      },
      (error) => of === this.#of && this.fail(error),
    );
  }

  protected detached(): void {
    this.#of = [];
    this.#shown = undefined;
    this.#forget();
  }

  #forget(): void {
    this.#asking?.abort();
    this.#asked = new Set();
    this.#thumbnails.clear();
    this.#units = [];
  }

  #nameOf({ label }: ListedUnit): string {
    return label === undefined ? "" : (this.#shown?.loaded.labels[label]?.name ?? "");
  }

  #categoryOf({ label }: ListedUnit): string {
    return label === undefined ? "" : (this.#shown?.loaded.labels[label]?.category ?? "");
  }

  /** Lists what is searched for, in order. */
  #list(): void {
    this.#offerCategories();
    const { category } = this;
    const wanted = this.#search.value.trim().toLowerCase();
    const { sort, top } = this;
    const found = this.#units.filter(
      (unit) =>
        (category === "" || category === this.#categoryOf(unit)) &&
        (wanted === "" || `${unit.unit}` === wanted || this.#nameOf(unit).toLowerCase().includes(wanted)),
    );
    const byUnit = (a: ListedUnit, b: ListedUnit): number => a.unit - b.unit;
    const order = {
      score: (a: ListedUnit, b: ListedUnit) => (b.score ?? 0) - (a.score ?? 0) || byUnit(a, b),
      unit: byUnit,
      label: (a: ListedUnit, b: ListedUnit) =>
        Number(a.label === undefined) - Number(b.label === undefined) ||
        this.#categoryOf(a).localeCompare(this.#categoryOf(b)) ||
        this.#nameOf(a).localeCompare(this.#nameOf(b)) ||
        order.score(a, b),
    };
    const units = found.sort(order[sort]).slice(0, top || undefined);
    const same = units.length === this.#listed.length && units.every((unit, at) => unit === this.#listed[at]);
    this.#listed = units;
    this.#count.textContent = `${units.length} of ${this.#units.length} units`;
    if (same) this.#grid.draw();
    else this.#grid.items = units;
  }

  /** Lets somebody choose a category, where there are several. */
  #offerCategories(): void {
    const { category } = this;
    const found = new Set(this.#units.map((unit) => this.#categoryOf(unit)).filter(Boolean));
    const all = ["", ...new Set([...found, category].filter(Boolean))];
    this.#categories.hidden = found.size < 2 && category === "";
    if (all.join() !== [...this.#category.options].map(({ value }) => value).join()) {
      this.#category.replaceChildren(...all.map((value) => html("option", { value }, value || "all")));
    }
    this.#category.value = category;
  }

  #showOnly(category: string): void {
    this.category = category;
  }

  #sortBy(sort: string): void {
    this.sort = sort as Sort;
  }

  #card(unit: ListedUnit): HTMLElement {
    const canvas = html("canvas", { "aria-hidden": "true" });
    this.#canvases.set(unit.unit, canvas);
    this.#paint(unit.unit);
    const score = unit.score === undefined ? "" : unit.score.toFixed(2);
    return html(
      "div",
      { part: "card" },
      canvas,
      html("span", { class: "line number" }, html("span", {}, `${unit.unit}`), html("span", { class: "soft" }, score)),
      html("span", { class: "line" }, html("span", { class: "name" }, this.#nameOf(unit) || "–")),
    );
  }

  /** Asks for pictures of the units that are seen and have none. */
  #see(units: readonly ListedUnit[]): void {
    const missing = units.map(({ unit }) => unit).filter((unit) => !this.#thumbnails.has(unit));
    if (!this.#shown || missing.length === 0 || missing.every((unit) => this.#asked.has(unit))) return;
    this.#asking?.abort();
    this.#asking = new AbortController();
    this.#asked = new Set(missing);
    void this.#draw(this.#shown, missing, this.#asking.signal);
  }

  async #draw({ session, layer }: Shown, units: readonly number[], signal: AbortSignal): Promise<void> {
    try {
      for await (const thumbnail of session.thumbnails({ layer, units, size: THUMBNAIL, signal })) {
        if (signal.aborted) return;
        this.#thumbnails.set(thumbnail.unit, thumbnail);
        this.#paint(thumbnail.unit);
      }
    } catch (error) {
      if (signal.aborted) return;
      this.fail(error);
    }
  }

  #paint(unit: number): void {
    const [canvas, thumbnail] = [this.#canvases.get(unit), this.#thumbnails.get(unit)];
    if (!canvas || !thumbnail) return;
    const { height, width, rgba } = thumbnail;
    canvas.height = height;
    canvas.width = width;
    canvas.getContext("2d")?.putImageData(new ImageData(rgba, width, height), 0, 0);
  }

  #choose({ unit }: ListedUnit): void {
    const selected = new Set(this.multiple ? this.#selected : []);
    if (this.multiple && selected.has(unit)) selected.delete(unit);
    else selected.add(unit);
    this.#selected = selected;
    this.selected = [...selected];
    this.dispatchEvent(new Event("change", { bubbles: true, composed: true }));
    if (this.#shown) this.tell("gan-unit", { layer: this.#shown.layer, unit });
  }
}
