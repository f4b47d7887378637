import { unitQuantiles } from "../dissect/measure-quantiles.ts";
import type { QuantileTable } from "../dissect/quantile-table.ts";
import { UsageError } from "../errors.ts";
import type { Edit } from "../models/edits.ts";
import type { Generator } from "../models/generator.ts";
import { unpackCells } from "./cells.ts";
import { type Findings, rankedUnits } from "./findings.ts";
import type { Stroke } from "./recipe.ts";
import type { Listener, Progress } from "./session.ts";

/** What GANPaint inserts at (Bau et al. 2019, §S-6.5). */
const INSERTED = 0.99;
/** Images on which a unit's quantiles are taken, as `ganatomy insert` does. */
const QUANTILE_IMAGES = 200;

/** Whether quantiles of its units must be known before it acts. */
export const needsQuantiles = ({ op, value }: Stroke): boolean =>
  value === undefined ? op === "draw" : typeof value === "object" && "quantile" in value;

/** Quantiles of a layer's units, both ways. */
export type Quantiles = Pick<QuantileTable, "levels" | "quantile">;

/** Finds out the quantiles of a layer's units. */
export type Measure = (layer: string, signal: AbortSignal) => Promise<Quantiles>;

/** What strokes mean for one generator, as far as it was asked. */
export class Strokes {
  readonly #generator: Generator;
  readonly #findings: Findings | undefined;
  readonly #onProgress: Listener<Progress>;
  /** What a stroke was when it was asked for last; a list of them costs a look each. */
  readonly #last = new WeakMap<Stroke, { readonly layer: string; readonly edit: Edit }>();
  /**
   * By what they say: an edit that is the same object need not be composed anew. Held by those who
   * have the stroke or show the edit, so that what was painted over goes.
   */
  readonly #edits = new Map<string, WeakRef<Edit>>();
  readonly #gone = new FinalizationRegistry<string>((key) => {
    if (!this.#edits.get(key)?.deref()) this.#edits.delete(key);
  });
  /** Those whose values are being found out. */
  readonly #pending = new Map<string, Promise<Edit>>();
  readonly #measure: Measure;
  readonly #tables: Map<string, Quantiles | Promise<Quantiles>>;
  readonly #stop: AbortController;

  /**
   * @param measure where quantiles come from, if not from images that are looked at here.
   * @param before who has counted for this generator already, in whose place this one is.
   */
  constructor(
    generator: Generator,
    findings: Findings | undefined,
    onProgress: Listener<Progress>,
    { measure, before }: { readonly measure?: Measure | undefined; readonly before?: Strokes | undefined } = {},
  ) {
    this.#generator = generator;
    this.#findings = findings;
    this.#onProgress = onProgress;
    this.#measure = measure ?? ((layer, signal) => unitQuantiles(generator, { layer, size: QUANTILE_IMAGES, signal }));
    this.#tables = before ? before.#tables : new Map();
    this.#stop = before ? before.#stop : new AbortController();
  }

  /** Whether they are of this generator. */
  areOf(generator: Generator): boolean {
    return this.#generator === generator;
  }

  /**
   * Strokes as edits of a layer: at once, unless quantiles must be found out first.
   * @throws UsageError, or rejects with it, for a concept or unit that there is not.
   */
  edits(layer: string | undefined, strokes: readonly Stroke[]): readonly Edit[] | Promise<readonly Edit[]> {
    const shown = strokes.filter(({ hidden }) => !hidden);
    if (shown.length === 0) return [];
    if (layer === undefined) {
      throw new UsageError("These strokes are of no layer.", "Say which: { layer, strokes }.");
    }
    const edits = shown.map((stroke) => this.#edit(layer, stroke));
    return edits.some((edit) => edit instanceof Promise) ? Promise.all(edits) : (edits as Edit[]);
  }

  /** Those of the strokes whose values are known by now, as edits. */
  knownEdits(layer: string | undefined, strokes: readonly Stroke[]): readonly Edit[] {
    return strokes.flatMap((stroke) => {
      const edits = this.edits(layer, [stroke]);
      if (!(edits instanceof Promise)) return edits;
      edits.catch(() => {}); // whoever asked for all of them is told
      return [];
    });
  }

  #edit(layer: string, stroke: Stroke): Edit | Promise<Edit> {
    const last = this.#last.get(stroke);
    if (last?.layer === layer) return last.edit;
    const key = `${layer} ${JSON.stringify(stroke)}`;
    const known = this.#edits.get(key)?.deref() ?? this.#pending.get(key) ?? this.#make(layer, stroke);
    if (!(known instanceof Promise)) {
      this.#know(key, layer, stroke, known);
      return known;
    }
    if (!this.#pending.has(key)) {
      const end = (): boolean => this.#pending.delete(key);
      this.#pending.set(key, known);
      known.then(end, end);
    }
    return known.then((edit) => {
      this.#know(key, layer, stroke, edit);
      return edit;
    });
  }

  #know(key: string, layer: string, stroke: Stroke, edit: Edit): void {
    this.#last.set(stroke, { layer, edit });
    if (this.#edits.get(key)?.deref() === edit) return;
    this.#edits.set(key, new WeakRef(edit));
    this.#gone.register(edit, key);
  }

  #make(layer: string, { op, units: named, alpha, value, mask }: Stroke): Edit | Promise<Edit> {
    const { vector } = this.#generator.layer(layer);
    if (vector && mask) {
      throw new UsageError(`"${layer}" is a vector, which has no place for a mask.`, "Leave the mask out.");
    }
    const units =
      named === "all" || !("concept" in named)
        ? named
        : rankedUnits(this.#findings, layer, named).map(({ unit }) => unit);
    const where = mask && {
      mask: this.#generator.poolMask(layer, { height: mask.size[0], width: mask.size[1], data: unpackCells(mask) }),
    };
    const edit = (values: Edit["value"]): Edit => ({
      layer,
      units,
      ...(alpha !== undefined && { alpha }),
      value: values!,
      ...where,
    });
    if (typeof value === "number") return edit(value);
    if (value !== undefined && !("quantile" in value)) return edit(value);
    if (value === undefined && op !== "draw") return edit(0);
    const { quantile } = value ?? { quantile: INSERTED };
    const at = (table: Quantiles): Edit => {
      const levels = table.levels(quantile);
      return edit(units === "all" ? [...levels] : units.map((unit) => levels[unit] ?? 0));
    };
    const table = this.table(layer);
    return table instanceof Promise ? table.then(at) : at(table);
  }

  /** Takes layers' quantiles from elsewhere: nothing is counted for them any more. */
  know(tables: ReadonlyMap<string, Quantiles>): void {
    for (const [layer, table] of tables) this.#tables.set(layer, table);
  }

  /** Quantiles of a layer's units: at once where they are known. */
  table(layer: string): Quantiles | Promise<Quantiles> {
    const known = this.#tables.get(layer);
    if (known) return known;
    const onProgress = (done: number): void => this.#onProgress({ phase: "quantiles", done, total: QUANTILE_IMAGES });
    onProgress(0);
    const table = this.#measure(layer, this.#stop.signal);
    this.#tables.set(layer, table);
    table.then(
      (found) => {
        if (this.#tables.get(layer) === table) this.#tables.set(layer, found);
        onProgress(QUANTILE_IMAGES);
      },
      () => {
        if (this.#tables.get(layer) === table) this.#tables.delete(layer);
        onProgress(QUANTILE_IMAGES); // there is nothing to wait for
      },
    );
    return table;
  }

  /** Quantiles of a layer's units, if they are known. */
  knownTable(layer: string): Quantiles | undefined {
    const known = this.#tables.get(layer);
    return known instanceof Promise ? undefined : known;
  }

  /** Ends what is being found out, for a reason that those are told who wait. */
  dispose(reason: Error): void {
    this.#stop.abort(reason);
  }
}
