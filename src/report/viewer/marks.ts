// Tests: test/report/artifacts-page.test.ts

interface Marks {
  readonly model: string;
  readonly layer: string;
  readonly units: readonly number[];
  readonly note?: string;
}

/** Files of marks. Runs in the page: no imports. */
export function files() {
  function save({ note, ...marks }: Marks): void {
    const content = JSON.stringify({ ...marks, ...(note && { note }) }, null, 1);
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([`${content}\n`], { type: "application/json" }));
    link.download = "marks.json";
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href));
  }

  /** The marks of a file, or why it has none of this layer. */
  async function read(file: File, { model, layer }: Pick<Marks, "model" | "layer">): Promise<Marks | string> {
    try {
      const found = JSON.parse(await file.text());
      if (!Array.isArray(found?.units)) return `${file.name} holds no marks.`;
      if (found.model !== model || found.layer !== layer) {
        return `${file.name} is of ${found.layer} of ${found.model}, and this is ${layer} of ${model}.`;
      }
      const { units, note } = found;
      return { model, layer, units, ...(typeof note === "string" && { note }) };
    } catch {
      return `${file.name} is no JSON.`;
    }
  }

  return { save, read };
}

/**
 * The script of a page on which units are marked by eye: what is marked stands in the address
 * (`#units=3,17`), is saved as a file, and read from one. Runs in the page: no imports.
 */
export function marks(marksFile: ReturnType<typeof files>): void {
  const find = <T extends Element>(selector: string): T => document.querySelector<T>(selector)!;
  const cards = [...document.querySelectorAll<HTMLElement>(".unit")];
  const list = find<HTMLElement>("#units");
  const count = find<HTMLElement>("#count");
  const note = find<HTMLInputElement>("#note");
  const sort = find<HTMLSelectElement>("#sort");
  const save = find<HTMLButtonElement>("#save");
  const clear = find<HTMLButtonElement>("#clear");
  const open = find<HTMLInputElement>("#open");
  const { model = "", layer = "" } = list.dataset;
  const number = (card: HTMLElement, name: "unit" | "score" | "change"): number => Number(card.dataset[name]);
  const known = new Map(cards.map((card) => [number(card, "unit"), card]));
  const marked = new Set<number>();

  function show(): void {
    for (const [unit, card] of known) {
      card.classList.toggle("marked", marked.has(unit));
      card.querySelector("button")!.setAttribute("aria-pressed", String(marked.has(unit)));
    }
    count.textContent = `${marked.size} of ${cards.length} marked`;
    save.disabled = clear.disabled = marked.size === 0;
    const hash = marked.size > 0 ? `#units=${units().join(",")}` : location.pathname + location.search;
    history.replaceState(null, "", hash);
  }

  const units = (): number[] => [...marked].sort((a, b) => a - b);

  function order(): void {
    const by = sort.value;
    const key = (card: HTMLElement): number => {
      if (by === "score") return -number(card, "score");
      if (by === "change") return number(card, "change");
      if (by === "marked") return marked.has(number(card, "unit")) ? 0 : 1;
      return 0;
    };
    const sorted = [...cards].sort((a, b) => key(a) - key(b) || number(a, "unit") - number(b, "unit"));
    list.append(...sorted);
  }

  function take(given: readonly unknown[]): void {
    marked.clear();
    for (const unit of given) if (known.has(Number(unit))) marked.add(Number(unit));
    show();
  }

  list.addEventListener("click", ({ target }) => {
    const card = (target as Element).closest("button")?.closest<HTMLElement>(".unit");
    if (!card) return;
    const unit = number(card, "unit");
    if (!marked.delete(unit)) marked.add(unit);
    show();
  });
  sort.addEventListener("change", order);
  clear.addEventListener("click", () => take([]));
  save.addEventListener("click", () => {
    marksFile.save({ model, layer, units: units(), note: note.value.trim() });
  });
  open.addEventListener("change", async () => {
    const [file] = open.files ?? [];
    open.value = "";
    if (!file) return;
    const found = await marksFile.read(file, { model, layer });
    if (typeof found !== "string") {
      note.value = found.note ?? note.value;
      take(found.units);
    }
    find<HTMLElement>("#said").textContent = typeof found === "string" ? found : "";
  });
  addEventListener("hashchange", restore);

  function restore(): void {
    take((/^#units=([\d,]+)$/.exec(location.hash)?.[1] ?? "").split(",").filter((unit) => unit !== ""));
  }
  restore();
  order();
}
