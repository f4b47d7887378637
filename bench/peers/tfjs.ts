import type { Contest, Contestant, Runner } from "../contest.ts";
import type { Value } from "../networks/operations.ts";
import type { Places } from "../places.ts";
import { differentiable } from "./tfjs-gradient.ts";
import { type Tensor, type Tfjs, translate } from "./tfjs-network.ts";

/** TensorFlow.js on WebGPU: convolutions fused with bias and activation, every op on the GPU. */
export async function tfjs(places: Places): Promise<Contestant> {
  const tf: Tfjs = await import(places.tfjs);
  tf.env().set("WEBGPU_CPU_FORWARD", false); // it would compute small tensors on the CPU
  if (!(await tf.setBackend("webgpu"))) throw new Error("TensorFlow.js has no WebGPU.");
  const { device } = tf.backend();
  return {
    name: "tfjs",
    device,
    prepare: async (contest) => prepare(tf, contest),
    idle: () => device.queue.onSubmittedWorkDone(),
  };
}

function prepare(tf: Tfjs, { input, network }: Contest): Runner {
  const x = tf.tensor(input, network.input.shape);
  const how = network.gradient ? differentiable : translate;
  const steps = network.operations.map((operation) => ({ ...operation, ...how(tf, operation) }));
  const forward = (x: Tensor): Tensor => {
    const values = new Map<Value, Tensor>([[network.input, x]]);
    for (const { inputs, outputs, apply } of steps) {
      const results = apply(inputs.map((value) => values.get(value)!));
      for (const [i, value] of outputs.entries()) values.set(value, results[i]!);
    }
    return values.get(network.output)!;
  };
  const { shape } = network.output;
  const seed = network.gradient
    ? tf.fill(shape, 1 / shape.reduce((product, extent) => product * extent, 1))
    : undefined;
  let y: Tensor | undefined;
  return {
    run: () => {
      y?.dispose();
      y = tf.tidy(() => (seed ? tf.grad(forward)(x, seed) : forward(x)));
      // It holds dispatches back to submit many at once.
      const backend = tf.backend();
      backend.endComputePassEncoder();
      if (backend.commandEncoder) backend.submitQueue();
    },
    output: () => y!.data(),
    dispose: () => {
      for (const tensor of [x, y, seed, ...steps.flatMap(({ weights }) => weights)]) tensor?.dispose();
    },
  };
}
