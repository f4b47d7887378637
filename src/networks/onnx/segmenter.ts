import { ShapeError, UsageError, WeightsError } from "../../errors.ts";
import type { Value } from "../../runtime/graph.ts";
import type { ReadOptions, Source } from "../../weights/source.ts";
import { type Build, networkOf } from "../network.ts";
import { layerOf, Results } from "../operation-list.ts";
import { fused } from "../operations/fusion.ts";
import type { Operation } from "../operations.ts";
import { segsizesOf, semanticLabels } from "../segmenters/labels.ts";
import { pixelsInput, type SegmenterNetwork } from "../segmenters/network.ts";
import type { UnifiedOptions } from "../segmenters/unified.ts";
import { lower } from "./lower.ts";
import { type OnnxModel, readOnnx } from "./read.ts";

// Tests: test/networks/onnx/networks.test.ts

/** Input edge of networks that take any (gandissect's default). */
const SEGSIZES = [256] as const;

export interface OnnxSegmenterOptions extends UnifiedOptions {
  /** The edge of its input, where it takes any: otherwise labels.json says so, or 256. */
  readonly segsizes?: readonly number[];
}

const unfit = (why: string, fix: string): WeightsError =>
  new WeightsError("weights-shape", `This ONNX network is no segmenter: ${why}.`, fix);

/**
 * The segmenter of an ONNX file: an image [n, 3, height, width] to a number for each label at every
 * pixel, [n, labels, …]. An ArgMax at its end is left out. labels.json is read as for networks with
 * a softmax for each category.
 * @throws WeightsError `weights-format` for what is no ONNX or has a node that cannot be computed,
 *   `weights-shape` for what is no segmenter; LabelsError; UsageError for options of others.
 */
export async function onnxSegmenter(
  source: Source,
  labels: unknown,
  { segsizes, ...others }: OnnxSegmenterOptions = {},
  reading: ReadOptions = {},
): Promise<SegmenterNetwork> {
  const [other] = Object.keys(others);
  if (other !== undefined) throw new UsageError(`An ONNX network has no ${other}.`, "Leave it out.");
  const read = await readOnnx(source, { signal: reading.signal });
  const [output] = read.outputs;
  const model = { ...read, outputs: output ? [{ ...output, name: scoresOf(read, output.name) }] : [] };
  const [image, ...more] = model.inputs;
  if (!image || more.length > 0 || image.shape?.length !== 4) {
    const inputs = model.inputs.map(({ name, shape }) => `${name} [${shape}]`).join(", ");
    throw unfit(`its inputs are ${inputs || "none"}`, "Export it with an image [n, 3, height, width] as its input.");
  }
  const [, , height, width] = image.shape;
  const fixed = typeof height === "number" && typeof width === "number";
  if (fixed && height !== width) {
    throw unfit(`it takes images of ${height}×${width}`, "Export it for square images, or with open height and width.");
  }
  if (fixed && segsizes && segsizes.join() !== `${height}`) {
    throw new UsageError(`The network takes images of ${height}×${height}, not ${segsizes}.`, "Leave segsizes out.");
  }
  const sizes = fixed ? [height] : (segsizes ?? segsizesOf(labels) ?? SEGSIZES);
  if (sizes.length > 1) {
    throw new UsageError(`An ONNX network is prepared for one size of its input, not ${sizes}.`, "Give one segsize.");
  }
  const [edge] = sizes as readonly [number];
  const shapes = new Map([[image.name, [1, 3, edge, edge]]]);
  const list = await lower(model, { size: source.size, shapes, names: new Map([[image.name, "input"]]) });
  const { value } = list.outputs[0]!;
  if (value.shape.length !== 4) {
    throw unfit(`it makes [${value.shape}]`, "Export it with numbers [n, labels, height, width] as its output.");
  }
  const steps = fused(list.steps as unknown as readonly Operation[]);
  const build = ({ graph, state, batch, input, output, ...layers }: Build): void => {
    const results = new Results(graph, state, batch);
    const x = input(pixelsInput(edge));
    results.set("input", () => prepared(x(), edge));
    results.appendAll(steps, layers, layerOf);
    output("logits", "logits", results.maker(value.result));
  };
  const name = `ONNX network${model.producer && ` (${model.producer})`}`;
  const network = networkOf({ name, described: `the ${name}`, build }, list.state);
  return {
    ...network,
    ...semanticLabels(labels, "logits", value.extents[0]),
    segsizes: sizes,
    enlarge: "bilinear",
  };
}

/** An image of the size that the steps were made for. */
function prepared(x: Value, edge: number): Value {
  const [, height, width] = x.shape;
  if (height === edge && width === edge) return x;
  throw new ShapeError(`The network was prepared for images of ${edge}×${edge}.`, "Give others as segsizes.");
}

/** What is behind the choice of the largest, if the output is that. */
function scoresOf({ nodes }: OnnxModel, output: string): string {
  let name = output;
  for (let steps = 0; steps < 4; steps += 1) {
    const node = nodes.find(({ outputs }) => outputs.includes(name));
    if (!node || !/^(ArgMax|Cast|Squeeze|Identity)$/.test(node.operator)) return output;
    name = node.inputs[0]!;
    if (node.operator === "ArgMax") return name;
  }
  return output;
}
