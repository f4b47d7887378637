import type { State } from "../../src/networks/state.ts";
import type { CheckpointTensor } from "../../src/weights/tensor.ts";
import { proganState, stateOf, styleganState, upernetState } from "../../test/models/recipe.ts";
import { resnet18Shapes } from "../networks/resnet18.ts";

/** z, then channels at 4×4 … 256×256: Karras et al.'s for LSUN. */
export const PROGAN_256 = [512, 512, 512, 512, 512, 256, 128, 64];

/** A published architecture with the golden files' weights, which anybody can draw again. */
const RECIPES = {
  progan: () => proganState(PROGAN_256),
  /** StyleGAN2's configuration F at 256 pixels, from 4×4 on. */
  stylegan2: () => styleganState([512, 512, 512, 512, 512, 256, 128]),
  /** Its blocks to 32 pixels: a run of the whole takes tfjs a quarter of an hour of CPU time. */
  "stylegan2-32": () => styleganState([512, 512, 512, 512]),
  resnet18: () => stateOf("", resnet18Shapes()),
  /** UPerNet-ResNet50, its object head only. */
  upernet: () =>
    upernetState({ blocks: [3, 4, 6, 3], stem: [64, 64, 128], planes: 64, width: 512, heads: { object: 336 } }),
};

/** Drawing 50 million normal numbers takes seconds: once a page. */
const drawn = new Map<keyof typeof RECIPES, Promise<State>>();

export function recipe(name: keyof typeof RECIPES): Promise<State> {
  let state = drawn.get(name);
  if (!state) {
    state = draw(RECIPES[name]());
    drawn.set(name, state);
  }
  return state;
}

async function draw(recipe: State): Promise<State> {
  const state = new Map<string, CheckpointTensor>();
  for (const [key, tensor] of recipe) {
    const values = await tensor.read();
    state.set(key, { ...tensor, read: async () => values });
  }
  return state;
}

/** Shapes alone: every number is zero. */
export function hollow(name: keyof typeof RECIPES): State {
  return new Map(
    [...RECIPES[name]()].map(([key, tensor]) => {
      const count = tensor.shape.reduce((product, extent) => product * extent, 1);
      return [key, { ...tensor, read: async () => new Float32Array(count) }];
    }),
  );
}
