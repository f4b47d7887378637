import { UsageError } from "../errors.ts";
import type { LayerInfo, NetworkValues } from "../networks/network.ts";
import type { Plan } from "../runtime/plan.ts";
import { type Cells, DenseEdit } from "./dense-edit.ts";
import { type Edit, prepareEdits } from "./edits.ts";

// Tests: test/models/edits.test.ts, test/models/dense-edit.test.ts

/** The edits of a plan's layers, in slots or dense. */
export class LayerEdits {
  readonly #values: Pick<NetworkValues, "edits">;
  readonly #plan: Plan;
  readonly #layer: (name: string) => LayerInfo;
  readonly #dense = new Map<string, DenseEdit>();
  /** Layers whose slots hold edits. */
  readonly #slotted = new Set<string>();
  /** Whether edits in slots changed: of these it is not known where. */
  #anywhere = true;

  private constructor(values: Pick<NetworkValues, "edits">, plan: Plan, layer: (name: string) => LayerInfo) {
    this.#values = values;
    this.#plan = plan;
    this.#layer = layer;
  }

  /** Of what a network's graph can edit: no edits yet. */
  static async create(
    values: Pick<NetworkValues, "edits" | "dense">,
    plan: Plan,
    layer: (name: string) => LayerInfo,
  ): Promise<LayerEdits> {
    const edits = new LayerEdits(values, plan, layer);
    try {
      for (const [name, composed] of values.dense) {
        edits.#dense.set(name, await DenseEdit.create(layer(name), plan.tensor(composed)));
      }
      edits.setAll([]);
      return edits;
    } catch (error) {
      edits.dispose();
      throw error;
    }
  }

  /** Replaces the edits of all layers. */
  setAll(edits: readonly Edit[]): void {
    this.set([...this.#values.edits.keys(), ...this.#dense.keys(), ...edits.map(({ layer }) => layer)], edits);
  }

  /** Replaces those of some layers; all are checked before one is changed. */
  set(layers: readonly string[], edits: readonly Edit[]): void {
    const writes = Array.from(new Set(layers), (layer) => {
      const own = edits.filter((edit) => edit.layer === layer);
      const dense = this.#dense.get(layer);
      if (dense) return dense.prepare(own);
      const slots = this.#values.edits.get(layer);
      if (!slots) throw new UsageError(`This plan does not edit "${layer}".`, "Name it in `editable`.");
      const write = prepareEdits(this.#layer(layer), slots, own, (value) => this.#plan.tensor(value));
      return () => {
        this.#anywhere ||= own.length > 0 || this.#slotted.has(layer);
        if (own.length > 0) this.#slotted.add(layer);
        else this.#slotted.delete(layer);
        write();
      };
    });
    for (const write of writes) write();
  }

  /** What changed since this was last asked: cells by layer, or what nobody knows the extent of. */
  takeChanged(): ReadonlyMap<string, Cells> | "anywhere" {
    const cells = new Map<string, Cells>();
    for (const [layer, dense] of this.#dense) {
      const changed = dense.takeChanged();
      if (changed) cells.set(layer, changed);
    }
    const anywhere = this.#anywhere;
    this.#anywhere = false;
    return anywhere ? "anywhere" : cells;
  }

  dispose(): void {
    for (const dense of this.#dense.values()) dense.dispose();
  }
}
