import { html } from "./html.ts";

// Tests: test/elements/gan-units.test.ts

export const GRID_STYLE = `
[part=grid] { position: relative; overflow: auto; height: var(--gan-units-height, 22rem); border: 1px solid var(--_line); border-radius: var(--_radius); background: var(--_paper); contain: strict; }
[part=grid] > div { position: relative; }
[role=option] { position: absolute; top: 0; left: 0; padding: 4px; border-radius: var(--_radius); cursor: pointer; overflow: hidden; border: 2px solid transparent; }
[role=option]:hover { background: var(--_well); }
[role=option][aria-selected=true] { border-color: var(--_accent); background: var(--_well); }
[part=grid]:focus-visible .active { outline: 2px solid var(--_accent); outline-offset: -4px; }
@media (forced-colors: active) { [role=option] { border-color: Canvas; } [role=option][aria-selected=true] { border-color: Highlight; } }
`;

/** Rows that are rendered beyond what is seen. */
const BEYOND = 1;

export interface GridTold<Item> {
  /** Makes what is seen of an item; it is kept as long as it is near. */
  card(item: Item): HTMLElement;
  /** Items that are seen now. */
  seen(items: readonly Item[]): void;
  chosen(item: Item): void;
  selected(item: Item): boolean;
}

/** A list of thousands of cards, of which only those are elements that are seen. */
export class VirtualGrid<Item> {
  readonly element: HTMLElement;
  readonly #told: GridTold<Item>;
  readonly #card: { readonly width: number; readonly height: number };
  readonly #space = html("div", { role: "presentation" });
  readonly #cards = new Map<Item, HTMLElement>();
  readonly #observer: () => ResizeObserver;
  #watching: ResizeObserver | undefined;
  #items: readonly Item[] = [];
  #active = 0;

  /** @param card extents of a card in pixels. */
  constructor(label: string, card: { readonly width: number; readonly height: number }, told: GridTold<Item>) {
    this.#told = told;
    this.#card = card;
    this.element = html("div", { part: "grid", role: "listbox", tabindex: 0, "aria-label": label }, this.#space);
    this.#observer = () => new ResizeObserver(() => this.draw());
    this.element.addEventListener("scroll", () => this.draw(), { passive: true });
    this.element.addEventListener("keydown", (event) => this.#keydown(event));
  }

  set multiple(multiple: boolean) {
    this.element.setAttribute("aria-multiselectable", `${multiple}`);
  }

  /** Other items, from the top. */
  set items(items: readonly Item[]) {
    this.#items = items;
    this.#active = 0;
    this.element.scrollTop = 0;
    for (const card of this.#cards.values()) card.remove();
    this.#cards.clear();
    this.draw();
  }

  /** Watches its size, while it is in a document. */
  begin(): void {
    this.#watching ??= this.#observer();
    this.#watching.observe(this.element);
  }

  end(): void {
    this.#watching?.disconnect();
    this.#watching = undefined;
  }

  get #columns(): number {
    return Math.max(1, Math.floor(this.element.clientWidth / this.#card.width));
  }

  /** Renders what is seen now. */
  draw(): void {
    const { width, height } = this.#card;
    const { clientHeight, clientWidth, scrollTop } = this.element;
    const columns = this.#columns;
    this.#space.style.height = `${Math.ceil(this.#items.length / columns) * height}px`;
    const first = Math.max(0, Math.floor(scrollTop / height) - BEYOND) * columns;
    const last = (Math.ceil((scrollTop + clientHeight) / height) + BEYOND) * columns;
    const near = new Map(this.#items.slice(first, last).map((item, at) => [item, first + at]));
    const active = this.#items[this.#active];
    if (active !== undefined) near.set(active, this.#active); // which the list names by its id
    for (const [item, card] of this.#cards) {
      if (near.has(item)) continue;
      card.remove();
      this.#cards.delete(item);
    }
    // Cards share what is left of a row's width.
    const wide = Math.max(width, clientWidth / columns);
    for (const [item, at] of near) {
      const card = this.#cards.get(item) ?? this.#make(item);
      card.id = `option-${at}`;
      card.style.width = `${wide}px`;
      card.style.height = `${height}px`;
      card.style.transform = `translate(${(at % columns) * wide}px, ${Math.floor(at / columns) * height}px)`;
      card.setAttribute("aria-posinset", `${at + 1}`);
      card.setAttribute("aria-setsize", `${this.#items.length}`);
      card.setAttribute("aria-selected", `${this.#told.selected(item)}`);
      card.classList.toggle("active", at === this.#active);
    }
    if (active === undefined) this.element.removeAttribute("aria-activedescendant");
    else this.element.setAttribute("aria-activedescendant", `option-${this.#active}`);
    const [top, bottom] = [Math.floor(scrollTop / height), Math.ceil((scrollTop + clientHeight) / height)];
    this.#told.seen(this.#items.slice(top * columns, bottom * columns));
  }

  #make(item: Item): HTMLElement {
    const card = this.#told.card(item);
    card.setAttribute("role", "option");
    card.addEventListener("click", () => {
      this.#active = this.#items.indexOf(item);
      this.#told.chosen(item);
      this.draw();
    });
    this.#cards.set(item, card);
    this.#space.append(card);
    return card;
  }

  #keydown(event: KeyboardEvent): void {
    const columns = this.#columns;
    const page = columns * Math.max(1, Math.floor(this.element.clientHeight / this.#card.height));
    const last = this.#items.length - 1;
    const to = {
      ArrowRight: this.#active + 1,
      ArrowLeft: this.#active - 1,
      ArrowDown: this.#active + columns,
      ArrowUp: this.#active - columns,
      PageDown: this.#active + page,
      PageUp: this.#active - page,
      Home: 0,
      End: last,
    }[event.key];
    const choose = event.key === "Enter" || event.key === " ";
    if ((to === undefined && !choose) || last < 0) return;
    event.preventDefault();
    if (to !== undefined) {
      this.#active = Math.min(last, Math.max(0, to));
      this.#reveal();
    } else this.#told.chosen(this.#items[this.#active]!);
    this.draw();
  }

  /** Scrolls as little as brings the active card into view. */
  #reveal(): void {
    const top = Math.floor(this.#active / this.#columns) * this.#card.height;
    const bottom = top + this.#card.height;
    const { scrollTop, clientHeight } = this.element;
    if (top < scrollTop) this.element.scrollTop = top;
    else if (bottom > scrollTop + clientHeight) this.element.scrollTop = bottom - clientHeight;
  }
}
