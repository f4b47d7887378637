import type { State } from "../../src/networks/state.ts";
import { type Activation, NetworkBuilder, type Value } from "./operations.ts";
import { folded } from "./upernet.ts";

/** The tensors of torchvision's ResNet-18 (He et al., CVPR 2016), by their names. */
export function resnet18Shapes(): (readonly [string, readonly number[]])[] {
  const shapes: (readonly [string, readonly number[]])[] = [];
  const unit = (conv: string, norm: string, shape: readonly [number, number, number, number]): void => {
    shapes.push([`${conv}.weight`, shape]);
    for (const name of ["weight", "bias", "running_mean", "running_var"]) shapes.push([`${norm}.${name}`, [shape[0]]]);
  };
  unit("conv1", "bn1", [64, 3, 7, 7]);
  [64, 128, 256, 512].forEach((width, stage) => {
    for (const block of [0, 1]) {
      const key = `layer${stage + 1}.${block}`;
      const into = block === 0 && stage > 0 ? width / 2 : width;
      unit(`${key}.conv1`, `${key}.bn1`, [width, into, 3, 3]);
      unit(`${key}.conv2`, `${key}.bn2`, [width, width, 3, 3]);
      if (into !== width) unit(`${key}.downsample.0`, `${key}.downsample.1`, [width, into, 1, 1]);
    }
  });
  return [...shapes, ["fc.weight", [1000, 512]], ["fc.bias", [1000]]];
}

/** Appends it up to its last map, [n, edge / 32, edge / 32, 512], for preprocessed images. */
export async function resnet18(state: State, edge: number): Promise<{ builder: NetworkBuilder; last: Value }> {
  const tensors = new Map<string, Float32Array<ArrayBuffer>>();
  for (const [key, tensor] of state) tensors.set(key, (await tensor.read()) as Float32Array<ArrayBuffer>);
  const builder = new NetworkBuilder([1, edge, edge, 3]);
  const unit = (x: Value, conv: string, norm: string, stride = 1, activation: Activation = "none"): Value =>
    builder.conv(x, { ...folded(tensors, conv, norm), stride, activation });
  let x = builder.maxpool(unit(builder.input, "conv1", "bn1", 2, "relu"));
  for (const stage of [1, 2, 3, 4]) {
    for (const block of [0, 1]) {
      const key = `layer${stage}.${block}`;
      const stride = stage > 1 && block === 0 ? 2 : 1;
      const shortcut = stride > 1 ? unit(x, `${key}.downsample.0`, `${key}.downsample.1`, stride) : x;
      const narrow = unit(x, `${key}.conv1`, `${key}.bn1`, stride, "relu");
      x = builder.add(unit(narrow, `${key}.conv2`, `${key}.bn2`), shortcut, "relu");
    }
  }
  return { builder, last: x };
}
