// Tests: test/networks/filters.test.ts

import type { Filter } from "../kernels/conv/filter.ts";
import { transposedWeight } from "../kernels/conv/transposed.ts";
import { both, simplified } from "../kernels/conv/window.ts";
import { checkWeight, type FilterShape, scaleAndBias, widthBeside } from "./filters.ts";
import { need } from "./recording.ts";
import type { State } from "./state.ts";

/**
 * A transposed convolution's filter by the names PyTorch gives it: `key.weight` [in][out /
 * groups][height][width] and `key.bias` where it is there; with `norm` the batch norm that follows,
 * folded into both. `into` is all of the input's channels.
 * @throws WeightsError when a tensor is missing or of another shape.
 */
export function transposedFilterOf(
  state: State,
  key: string,
  norm?: string,
  { into, groups = 1, kernel: taps, bias }: FilterShape = {},
): Filter {
  const found = checkWeight(state, key, taps);
  const width = found ? undefined : widthBeside(state, key, norm);
  const edges = taps === undefined ? [undefined, undefined] : both(taps);
  const expected = [into, width === undefined ? undefined : width / groups, ...edges];
  const [inChannels = 0, outGroup = 0, ...kernel] = need(state, `${key}.weight`, expected);
  const outChannels = outGroup * groups;
  const shape = { inChannels, outChannels, kernel: simplified(kernel as [number, number]) };
  return {
    label: key,
    ...shape,
    weight: { sources: [`${key}.weight`], of: ([w]) => transposedWeight(w!, shape, groups) },
    ...scaleAndBias(state, key, norm, outChannels, bias),
  };
}
