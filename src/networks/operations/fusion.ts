import type { Operation } from "../operations.ts";

// Tests: test/networks/operations/fusion.test.ts

/** What can take a batch norm and an activation in. */
type Weighing = Extract<Operation, { readonly op: "conv" | "convTranspose" | "linear" }>;
const weighs = (step: Operation): step is Weighing =>
  step.op === "conv" || step.op === "convTranspose" || step.op === "linear";

/** The names of all results that a step reads. */
export const readsOf = (step: Operation): string[] => {
  const { x, y, add, like, slope, parts = [] } = step as Readonly<Record<string, unknown>> & { parts?: string[] };
  const extra = step.op === "concatEmbedding" ? ["label"] : [];
  return [...[x, y, add, like, slope].filter((name) => typeof name === "string"), ...parts, ...extra] as string[];
};

/** The same convolution with what follows it, where it can do that itself. */
function joined(step: Weighing, next: Operation): Operation | undefined {
  const plain = step.activation === undefined || step.activation === "none";
  const { to } = next;
  switch (next.op) {
    case "batchNorm": {
      const { op: _, x: __, to: ___, ...norm } = next;
      const adds = step.op === "conv" && step.add !== undefined;
      return plain && !adds && !step.norm ? { ...step, to, norm } : undefined;
    }
    case "relu":
      return plain ? { ...step, to, activation: "relu" } : undefined;
    case "relu6":
      return plain ? { ...step, to, activation: "relu6" } : undefined;
    case "leakyRelu":
      return plain && next.slope === 0.2 ? { ...step, to, activation: "leaky" } : undefined;
    default:
      return undefined;
  }
}

/**
 * The same list in fewer steps: batch norms and activations in the convolution before them,
 * upsampling in the one behind, where nothing else reads what is between.
 */
export function fused(operations: readonly Operation[]): Operation[] {
  const readers = new Map<string, number>();
  for (const step of operations) for (const name of readsOf(step)) readers.set(name, (readers.get(name) ?? 0) + 1);
  /** By their results, in order; fused ones move behind all that they read. */
  const steps = new Map<string, Operation>();
  for (const step of operations) {
    const [from] = readsOf(step);
    const before = from !== undefined && readers.get(from) === 1 ? steps.get(from) : undefined;
    const one = before && together(before, step);
    // A step that was put off is seen by none between.
    if (one) steps.delete(from!);
    steps.set(step.to, one ?? step);
  }
  return [...steps.values()];
}

function together(before: Operation, step: Operation): Operation | undefined {
  if (before.op === "upsampleNearest2" && step.op === "conv" && !step.upsample) {
    return { ...step, x: before.x, upsample: true };
  }
  return weighs(before) ? joined(before, step) : undefined;
}
