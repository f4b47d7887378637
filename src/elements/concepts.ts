import type { Loaded } from "../session/session.ts";

// Tests: test/elements/concepts.test.ts

/** What rankings of concepts by IoU are called after. */
const BY_IOU = "-iou";

/** The concepts that units of a layer can be named by: those with most units first. */
export function concepts({ rankings, report, labels }: Loaded, layer: string): string[] {
  const ranked = (rankings[layer] ?? [])
    .filter((name) => name.endsWith(BY_IOU))
    .map((name) => name.slice(0, -BY_IOU.length));
  const found = report?.layers.find(({ layer: name }) => name === layer)?.concepts ?? [];
  const units = new Map(found.map(({ label, units }) => [report?.labels[label]?.name ?? "", units.length]));
  const order = new Map(labels.map(({ name }, label) => [name, label]));
  const place = (name: string): number => order.get(name) ?? labels.length;
  return ranked.sort((a, b) => (units.get(b) ?? 0) - (units.get(a) ?? 0) || place(a) - place(b));
}
