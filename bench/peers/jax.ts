import type { Contest, Contestant, Runner } from "../contest.ts";
import type { Shape, Value } from "../networks/operations.ts";
import type { Places } from "../places.ts";
import { type Jax, type JaxArray, translate } from "./jax-network.ts";

/**
 * jax-js on WebGPU: a network traced once and compiled with its operators fused; channels first, as
 * its convolutions are.
 */
export async function jax(places: Places): Promise<Contestant> {
  const jax: Jax = await import(places.jax);
  if (!(await jax.init("webgpu")).includes("webgpu")) throw new Error("jax-js has no WebGPU.");
  jax.defaultDevice("webgpu");
  const device = jax.getWebGPUDevice();
  return {
    name: "jax",
    device,
    prepare: async (contest) => prepareJax(jax, contest),
    idle: () => device.queue.onSubmittedWorkDone(),
  };
}

/** A contest's network on whichever device is jax-js's default. */
export function prepareJax(jax: Jax, { input, network }: Pick<Contest, "input" | "network">): Runner {
  const steps = network.operations.map((operation) => ({ ...operation, ...translate(jax, operation) }));
  // Passing an array on gives it away: whoever wants it again passes another reference, and whoever
  // is done disposes of his own.
  const forward = (x: JaxArray, weights: readonly (readonly JaxArray[])[]): JaxArray => {
    const values = new Map<Value, JaxArray>([[network.input, x]]);
    for (const [i, { inputs, outputs, apply }] of steps.entries()) {
      const results = apply(
        inputs.map((value) => values.get(value)!.ref),
        weights[i]!,
      );
      for (const [i, value] of outputs.entries()) values.set(value, results[i]!);
    }
    for (const [value, array] of values) if (value !== network.output) array.dispose();
    return values.get(network.output)!;
  };
  const weights = steps.map(({ weights }) => weights.map(({ values, shape }) => jax.numpy.array(values, { shape })));
  const differentiated = jax.grad((x, weights) => jax.numpy.mean(forward(x, weights)));
  const compiled = jax.jit(network.gradient ? differentiated : forward);
  const x = jax.numpy.array(channelsFirst(input, network.input.shape), { shape: firstOf(network.input.shape) });
  const { shape } = network.gradient ? network.input : network.output;
  let y: JaxArray | undefined;
  return {
    run: async () => {
      y?.dispose();
      y = compiled(
        x.ref,
        weights.map((arrays) => arrays.map((array) => array.ref)),
      );
      // Nothing is submitted before somebody waits for it.
      await y.blockUntilReady();
    },
    output: async () => channelsLast((await y!.ref.data()) as Float32Array, shape),
    dispose: () => {
      for (const array of [x, y, ...weights.flat()]) array?.dispose();
      compiled.dispose();
    },
  };
}

const firstOf = ([n, height, width, channels]: Shape): number[] => [n, channels, height, width];

function channelsFirst(values: Float32Array, [n, height, width, channels]: Shape): Float32Array<ArrayBuffer> {
  return transposed(values, n, height * width, channels);
}

function channelsLast(values: Float32Array, [n, height, width, channels]: Shape): Float32Array {
  return transposed(values, n, channels, height * width);
}

/** [n][rows][columns] → [n][columns][rows] */
export function transposed(values: Float32Array, n: number, rows: number, columns: number): Float32Array<ArrayBuffer> {
  const turned = new Float32Array(values.length);
  for (let image = 0; image < n; image += 1) {
    const start = image * rows * columns;
    for (let row = 0; row < rows; row += 1) {
      for (let column = 0; column < columns; column += 1) {
        turned[start + column * rows + row] = values[start + row * columns + column]!;
      }
    }
  }
  return turned;
}
