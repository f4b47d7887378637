import { WeightsError } from "../errors.ts";
import { TorchTensor } from "./torch.ts";

// Tests: test/weights/pth.test.ts

/**
 * What a saved object holds for us: tensors by dotted name, and the numbers and strings beside
 * them.
 */
export interface StateDict {
  readonly tensors: ReadonlyMap<string, TorchTensor>;
  readonly metadata: Readonly<Record<string, string | number>>;
}

/**
 * Finds the tensors in what torch.save was given: a state dict, a tensor, or dicts around state
 * dicts.
 *
 * A `state_dict` entry wins over everything beside it, of which numbers and strings become
 * metadata. Other nested dicts are flattened with dots ({g_ema: {weight}} → g_ema.weight).
 * @throws WeightsError `weights-format` when there is no tensor.
 */
export function findStateDict(saved: unknown, name: string): StateDict {
  const tensors = new Map<string, TorchTensor>();
  const metadata = new Map<string, string | number>();
  if (saved instanceof TorchTensor) tensors.set("tensor", saved);
  if (saved instanceof Map) {
    const inner: unknown = saved.get("state_dict");
    collect(inner instanceof Map ? inner : saved, tensors);
    for (const [key, value] of saved) {
      if (typeof value === "string" || typeof value === "number") metadata.set(String(key), value);
    }
  }
  if (tensors.size === 0) throw noTensors(saved, name);
  // fromEntries defines properties, so even a key named __proto__ stays a key.
  return { tensors, metadata: Object.freeze(Object.fromEntries(metadata)) };
}

/**
 * Walks nested dicts without recursion, and each of them once: a pickle can make dicts that contain
 * themselves, or share them so that the number of paths is exponential in the size of the file.
 */
function collect(root: ReadonlyMap<unknown, unknown>, tensors: Map<string, TorchTensor>): void {
  const seen = new Set<unknown>([root]);
  const waiting: { prefix: string; entries: Iterator<[unknown, unknown]> }[] = [
    { prefix: "", entries: root.entries() },
  ];
  while (waiting.length > 0) {
    const { prefix, entries } = waiting.at(-1)!;
    const next = entries.next();
    if (next.done) {
      waiting.pop();
      continue;
    }
    const [key, value] = next.value;
    if (value instanceof TorchTensor) tensors.set(prefix + String(key), value);
    // Names grow with depth, so unbounded depth would make them quadratic in the size of the file.
    else if (value instanceof Map && !seen.has(value) && waiting.length < MAX_DEPTH) {
      seen.add(value);
      waiting.push({ prefix: `${prefix}${String(key)}.`, entries: value.entries() });
    }
  }
}

const MAX_DEPTH = 16;

function noTensors(saved: unknown, name: string): WeightsError {
  const keys = saved instanceof Map ? [...saved.keys()].slice(0, 8).map((key) => `"${String(key)}"`) : [];
  const holds = keys.length > 0 ? ` (top-level keys: ${keys.join(", ")})` : "";
  return new WeightsError(
    "weights-format",
    `${name} holds no tensors${holds}.`,
    "Save a state dict: torch.save(model.state_dict(), path).",
  );
}
