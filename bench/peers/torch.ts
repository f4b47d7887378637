import type { Contest } from "../contest.ts";
import type { Network, Value } from "../networks/operations.ts";
import type { Places } from "../places.ts";

/** PyTorch's medians and output. It runs by itself, in Python, before the others race. */
export type Torch = (
  contest: Contest,
) => Promise<{ readonly ms: number; readonly cpuMs: number; readonly output: Float32Array }>;

/** PyTorch behind the runner's server, or why there is none. */
export async function torchOf({ server }: Places): Promise<{ readonly device: string; readonly run: Torch } | string> {
  const url = `${server}torch`;
  const response = await fetch(url);
  if (!response.ok) return response.text();
  return {
    device: await response.text(),
    run: async ({ network, input }) => {
      const answer = await fetch(url, { method: "POST", body: new Blob(pack(network, input)) });
      if (!answer.ok) throw new Error(await answer.text());
      const bytes = await answer.arrayBuffer();
      // The milliseconds, those of all threads, then the output.
      const [ms, cpuMs] = new Float64Array(bytes, 0, 2);
      return { ms: ms!, cpuMs: cpuMs!, output: new Float32Array(bytes, 16) };
    },
  };
}

/**
 * The length of a description in JSON, the description, and the arrays that it names by their
 * place.
 */
function pack(
  { input, output, operations, gradient }: Network,
  x: Float32Array<ArrayBuffer>,
): ArrayBufferView<ArrayBuffer>[] {
  const arrays: (Float32Array<ArrayBuffer> | Uint32Array<ArrayBuffer>)[] = [x];
  const names = new Map<Value, number>();
  const nameOf = (value: Value): { name: number; shape: readonly number[] } => {
    if (!names.has(value)) names.set(value, names.size);
    return { name: names.get(value)!, shape: value.shape };
  };
  const description = JSON.stringify(
    {
      input: nameOf(input),
      operations: operations.map(({ inputs, outputs, ...work }) => ({
        ...work,
        inputs: inputs.map(nameOf),
        outputs: outputs.map(nameOf),
      })),
      output: nameOf(output),
      gradient,
    },
    (_, value: unknown) => {
      if (!(value instanceof Float32Array || value instanceof Uint32Array)) return value;
      return { array: arrays.push(value as (typeof arrays)[number]) - 1 };
    },
  );
  const header = new TextEncoder().encode(description.padEnd(4 * Math.ceil(description.length / 4)));
  const lengths = Uint32Array.of(header.length, arrays.length, ...arrays.map(({ length }) => length));
  return [lengths, header, ...arrays];
}
