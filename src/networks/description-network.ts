// Tests: test/networks/description-network.test.ts

import { ShapeError } from "../errors.ts";
import { type Description, inputsOf } from "./description.ts";
import { type Architecture, type Build, type Network, networkOf, type Picture } from "./network.ts";
import { layerOf, Results } from "./operation-list.ts";
import { fused } from "./operations/fusion.ts";
import type { Operation } from "./operations.ts";
import type { State } from "./state.ts";

/** The tensors of a file, of which a description names some. */
export interface DescribedFile {
  /** Of the entry that was taken, by their names in it. */
  readonly tensors: State;
  /** Of all parts, by their full names in the file: they come first. */
  readonly all?: State | (() => State);
}

/**
 * The network that a description, read by `parseDescription`, makes of a file's tensors. Tensors
 * that it does not name may be there.
 * @throws WeightsError naming every tensor that is missing or of another shape, or what does not
 *   fit together.
 */
export function describedNetwork(description: Description, { tensors, all }: DescribedFile): Network {
  const state: State = new Map([...tensors, ...(typeof all === "function" ? all() : (all ?? []))]);
  const { architecture: name = "described network" } = description;
  const steps = fused(description.operations);
  const architecture: Architecture = {
    name,
    described: `the ${name}`,
    ignored: () => true,
    build: (build) => append(build, description, steps),
  };
  return { ...networkOf(architecture, state), description };
}

/** How many classes there are. */
const classesOf = ({ classes }: Description): number =>
  typeof classes === "number" ? classes : (classes?.length ?? 0);

/** The network's values, each made when another asks. */
function append(
  { graph, state, batch, input, output, ...layers }: Build,
  description: Description,
  steps: readonly Operation[],
): void {
  const { z, classes, image, range, crop, labels } = description;
  const results = new Results(graph, state, batch);
  results.set("z", input({ name: "z", height: 1, width: 1, channels: z, draw: "normal" }));
  if (inputsOf(description).includes("label")) {
    const named = typeof classes === "object" && classes !== null ? { classes } : {};
    const about = { name: "label", height: 1, width: 1, channels: classesOf(description), draw: "class" } as const;
    results.set("label", input({ ...about, ...named }));
  }
  results.appendAll(steps, layers, layerOf);
  const last = results.maker(steps.at(-1)!.to);
  const picture: Picture = { range, ...(crop && { crop }), ...(labels && { labels }) };
  const made = () => {
    const value = last();
    const [, height, width] = value.shape;
    if ([value.channels, height, width].join() === image.join()) return value;
    throw new ShapeError(
      `It makes images of [${[value.channels, height, width]}], not [${image}].`,
      'Correct "image", or the operations.',
    );
  };
  output("image", "image", made, picture);
}
