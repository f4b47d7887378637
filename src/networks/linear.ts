// Tests: test/networks/filters.test.ts

import type { Filter } from "../kernels/conv/filter.ts";
import { scaleAndBias, widthBeside } from "./filters.ts";
import { need } from "./recording.ts";
import type { State } from "./state.ts";

/**
 * A linear layer's filter by the names PyTorch gives it: `key.weight` [out][in] and `key.bias`
 * where it is there; with `norm` the batch norm that follows, folded into both. `conv` of a vector
 * [n, 1, 1, in] by it is the layer.
 * @throws WeightsError when a tensor is missing or of another shape.
 */
export function linearFilterOf(state: State, key: string, norm?: string): Filter {
  const [outChannels = 0, inChannels = 0] = need(state, `${key}.weight`, [widthBeside(state, key, norm), undefined]);
  const weight = { sources: [`${key}.weight`], of: ([w]: readonly Float32Array[]) => w! };
  return { label: key, inChannels, outChannels, kernel: 1, weight, ...scaleAndBias(state, key, norm, outChannels) };
}
