import { RandomState } from "../../weights/random.ts";
import type { CheckpointTensor } from "../../weights/tensor.ts";
import type { ClassifierNetwork } from "./network.ts";

// Tests: test/networks/classifiers/untrained.test.ts

/** What a network is called whose weights were drawn. */
export const untrainedName = (name: string, seed: number): string => `${name}-untrained-${seed}`;

/**
 * The same network before any training: the control of network dissection (Bau et al., CVPR 2017,
 * §3.1). Weights of convolutions and matrices are normal with variance 2 / (numbers that one sum is
 * of), as He et al. (ICCV 2015, eq. 10) draw them for ReLUs; biases and norms' means 0, norms'
 * factors and variances 1. Each tensor's numbers depend on the seed and the names of all alone.
 * @param seed An integer, 0 ≤ seed < 2³².
 * @throws UsageError for another seed.
 */
export function untrained(network: ClassifierNetwork, seed: number): ClassifierNetwork {
  const random = new RandomState(seed);
  const keys = [...network.state.keys()].sort();
  const seeds = random.randomSample(keys.length);
  const state = new Map(
    keys.map((key, at) => [key, drawn(key, network.state.get(key)!, Math.floor(seeds[at]! * 2 ** 32))]),
  );
  return { ...network, state, untrained: seed };
}

function drawn(key: string, { name, shape }: CheckpointTensor, seed: number): CheckpointTensor {
  const length = shape.reduce((product, extent) => product * extent, 1);
  return {
    ...{ name, shape, dtype: "float32" },
    async read() {
      const numbers = new Float32Array(length);
      if (shape.length < 2) return numbers.fill(/(^|[./])(weight|running_var|gamma)$/.test(key) ? 1 : 0);
      // PyTorch's have what they make first, TensorFlow's, with their slashes, last.
      const made = key.includes("/") ? shape.at(-1)! : shape[0]!;
      const deviation = Math.sqrt((2 * made) / length);
      const random = new RandomState(seed);
      for (let i = 0; i < length; i += 1) numbers[i] = deviation * random.nextNormal();
      return numbers;
    },
  };
}
