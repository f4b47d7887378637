import type { Attributes } from "../../weights/tensor.ts";
import type { State } from "../state.ts";
import { changed, filterFirst, transposed, without } from "./stylegan2-names.ts";

// Tests: test/networks/generators/stylegan1.test.ts

/** From this size on upsampling and convolution are one operation unless a file says otherwise. */
const FUSED_FROM = 128;

/** Whether a file's upsampling and convolution to a resolution were one operation. */
export function fusedOf(attributes: Attributes): (resolution: number) => boolean {
  const said = attributes.get("static_kwargs.fused_scale") ?? "auto";
  return (resolution) => said === true || (said === "auto" && resolution >= FUSED_FROM);
}

/**
 * The tensors of a StyleGAN as PyTorch would lay them out: points for slashes, the mapping's by the
 * names that StyleGAN2's have, filters [out][in][k][k] and dense layers [out][in]. Where an
 * upsampling convolution was fused its filter is that of a transposed convolution, which is the
 * other way round.
 */
export function styleGanNames(state: State, fused: ReturnType<typeof fusedOf>): State {
  return new Map(
    Array.from(state, ([key, tensor]) => {
      if (key === "dlatent_avg") return ["mapping.w_avg", tensor];
      if (key === "mapping/LabelConcat/weight") return ["mapping.concat.weight", tensor];
      const name = key.replaceAll("/", ".").replace(/^mapping\.Dense/, "mapping.fc");
      if (/\.noise\d+$/.test(name)) return [name, without(tensor, 2)];
      if (name.endsWith(".Const.const")) return [name, without(tensor, 1)];
      // The factors are stored as what is added to one.
      if (name.endsWith(".StyleMod.bias")) {
        const factors = tensor.shape[0]! / 2;
        return [name, changed(tensor, tensor.shape, (numbers) => numbers.map((v, at) => (at < factors ? v + 1 : v)))];
      }
      if (!name.endsWith(".weight") || tensor.shape.length === 1) return [name, tensor];
      if (tensor.shape.length === 2) return [name, transposed(tensor)];
      const edge = /\.(\d+)x\d+\.Conv0_up\.weight$/.exec(name)?.[1];
      return [name, filterFirst(tensor, edge !== undefined && fused(Number(edge)))];
    }),
  );
}
