import type { State } from "../../src/networks/state.ts";
import { type Linear, type Network, NetworkBuilder, type Value } from "./operations.ts";

/** A StyleGAN2 with skips, by ADA's names, from z to images (Karras et al. 2020). */
export async function stylegan2(state: State, batch: number): Promise<Network> {
  const [, size = 1] = state.get("mapping.fc0.weight")!.shape;
  const builder = new NetworkBuilder([batch, 1, 1, size]);
  const read = async (key: string) => Float32Array.from(await state.get(key)!.read());
  /** A dense layer with an equalised learning rate. */
  const linear = async (key: string, gain: number, biasGain = gain): Promise<Linear> => {
    const [out = 1, into = 1] = state.get(`${key}.weight`)!.shape;
    const weight = await read(`${key}.weight`);
    const transposed = weight.map(
      (_, at) => (weight[(at % out) * into + Math.floor(at / out)]! * gain) / Math.sqrt(into),
    );
    return { weight: transposed, bias: (await read(`${key}.bias`)).map((v) => v * biasGain) };
  };
  let w: Value = builder.pixelnorm(builder.input);
  for (let i = 0; state.has(`mapping.fc${i}.weight`); i += 1) {
    w = builder.linear(w, await linear(`mapping.fc${i}`, 0.01 * Math.SQRT2), "leaky");
  }
  const channels = state.get("synthesis.b4.const")!.shape[0]!;
  const start = await read("synthesis.b4.const");
  let x = builder.constant(
    start.map((_, at) => start[(at % channels) * 16 + Math.floor(at / channels)]!),
    [1, 4, 4, channels],
  );
  let image: Value | undefined;
  for (let edge = 4; state.has(`synthesis.b${edge}.conv1.weight`); edge *= 2) {
    for (const name of edge === 4 ? ["conv1"] : ["conv0", "conv1"]) {
      const key = `synthesis.b${edge}.${name}`;
      const [strength = 0] = await read(`${key}.noise_strength`);
      x = builder.styled(x, w, {
        up: name === "conv0",
        weight: await read(`${key}.weight`),
        bias: await read(`${key}.bias`),
        style: await linear(`${key}.affine`, 1),
        noise: (await read(`${key}.noise_const`)).map((v) => v * strength),
      });
    }
    const key = `synthesis.b${edge}.torgb`;
    const weight = await read(`${key}.weight`);
    const style = await linear(`${key}.affine`, 1 / Math.sqrt(weight.length / 3));
    image = builder.torgb(x, w, image, { weight, bias: await read(`${key}.bias`), style });
  }
  return builder.network(image!);
}
