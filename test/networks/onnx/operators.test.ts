import { afterAll, beforeAll, expect, test } from "vitest";
import { isFoldable } from "../../../src/networks/onnx/fold.ts";
import type { Known } from "../../../src/networks/onnx/known.ts";
import { OPERATORS } from "../../../src/networks/onnx/operators.ts";
import { type OnnxModel, readOnnx } from "../../../src/networks/onnx/read.ts";
import type { OnnxTensor } from "../../../src/networks/onnx/tensor.ts";
import type { Device } from "../../../src/runtime/device.ts";
import { memorySource } from "../../../src/weights/bytes.ts";
import { requestDevice } from "../../gpu.ts";
import { run } from "./run.ts";
import { type Case, casesOf, tensorsOf, testdata, worstOf } from "./testdata.ts";

let device: Device;
beforeAll(async () => {
  device = await requestDevice();
});
afterAll(() => device?.dispose());

/**
 * Node tests of operators that are claimed which ask for what no network here has, by what that is.
 */
const ASIDE: readonly (readonly [what: string, names: RegExp])[] = [
  ["whole numbers, as the network's own values", /_u?int\d+$|uint8|_int8|^pow_types_int|^pow_types_float32_u?int/],
  ["three axes of pixels", /3d_default|convtranspose_3d|_?(Avg|Max)Pool3d|Conv3d|BatchNorm3d|PReLU_3d/],
  ["training", /training|dropout_default_mask|dropout_random_old|momentum_training/],
  ["the places of maxima", /maxpool_with_argmax/],
  ["values of no elements", /reshape_allowzero|slice_start_out_of_bounds|split_zero_size/],
  ["halves, which are computed as float32", /^cast(like)?_.*_to_B?FLOAT16|^castlike_BFLOAT16/],
  ["strings, sequences and optional values", /STRING|identity_(opt|sequence)/],
  ["expectations that ORT and PyTorch both contradict", /resize_downsample_scales_(linear|cubic)_align_corners/],
];

/** Operators that compute every image alone: the first axis is the batch. */
const PER_IMAGE =
  /^(Conv|ConvTranspose|BatchNormalization|InstanceNormalization|MaxPool|AveragePool|GlobalAveragePool|GlobalMaxPool|DepthToSpace|SpaceToDepth|Resize|Upsample)$/;
/** Operators whose inputs may each be the network's or the file's. */
const SYMMETRIC = /^(Add|Sub|Mul|Div|Pow|Max|Min|Sum|Mean|Concat|MatMul|Gemm)$/;
const FLOATS = new Set([1, 10, 11]);
/** float32 arithmetic of sums of up to some hundred terms of about one. */
const TOLERANCE = 2e-5;

/** The model with these inputs as the network's and the others in the file. */
function given(model: OnnxModel, inputs: readonly Known[], dynamic: readonly number[]): OnnxModel {
  const initializers = new Map(model.initializers);
  model.inputs.forEach(({ name }, i) => {
    if (!dynamic.includes(i) && inputs[i]?.tensor) initializers.set(name, { ...inputs[i].tensor, name } as OnnxTensor);
  });
  return { ...model, initializers, inputs: model.inputs.filter((_, i) => dynamic.includes(i)) };
}

/** Runs one model with one set of data: every way in which its inputs can be the network's. */
async function compare(told: OnnxModel, inputs: readonly Known[], outputs: readonly Known[]): Promise<void> {
  const floats = [...inputs.keys()].filter((i) => FLOATS.has(inputs[i]!.type));
  const [only, ...others] = told.nodes;
  const symmetric = others.length === 0 && SYMMETRIC.test(only!.operator);
  const each = symmetric ? floats.slice(0, 2).map((i) => [i]) : [floats.slice(0, 1)];
  const ways = symmetric ? [floats, ...each] : others.length > 0 ? [floats] : each;
  const perImage = told.nodes.some(({ operator }) => PER_IMAGE.test(operator));
  for (const dynamic of ways) {
    const batch = perImage && inputs[dynamic[0]!]!.shape.length > 1 ? inputs[dynamic[0]!]!.shape[0]! : 1;
    const shapes = new Map<string, readonly number[]>();
    const values = new Map<string, Float64Array>();
    for (const i of dynamic) {
      const { shape } = inputs[i]!;
      shapes.set(told.inputs[i]!.name, batch > 1 ? [1, ...shape.slice(1)] : shape);
      values.set(told.inputs[i]!.name, await inputs[i]!.numbers());
    }
    const made = await run(device, given(told, inputs, dynamic), values, batch, { shapes, size: 2 ** 20 });
    for (const [i, { name }] of told.outputs.entries()) {
      const [ours, theirs] = [made.get(name)!, outputs[i]!];
      expect(batch > 1 ? [batch * ours.shape[0]!, ...ours.shape.slice(1)] : ours.shape).toEqual(theirs.shape);
      expect(worstOf(ours.values, await theirs.numbers()), `${name} with ${dynamic}`).toBeLessThan(TOLERANCE);
    }
  }
}

/** Whether all of a model's operators are claimed, and one of them for networks. */
const claimed = ({ nodes }: OnnxModel): boolean =>
  nodes.every(
    ({ operator, domain }) => domain === "" && (Object.hasOwn(OPERATORS, operator) || isFoldable(operator)),
  ) && nodes.some(({ operator }) => Object.hasOwn(OPERATORS, operator));

const KINDS = ["node", "pytorch-converted", "pytorch-operator"] as const;

test.each(KINDS)("libonnx-testdata: %s", async (kind) => {
  const data = testdata();
  if (!data) return;
  let passed = 0;
  const aside = new Map<string, number>();
  const wrong: string[] = [];
  for (const one of casesOf(data, kind)) {
    const told = await readOnnx(memorySource(one.model, one.name));
    if (!claimed(told) || !told.inputs.some(({ type }) => FLOATS.has(type))) continue;
    const reason = ASIDE.find(([, names]) => names.test(one.name))?.[0];
    if (reason) {
      aside.set(reason, (aside.get(reason) ?? 0) + one.sets.length);
      continue;
    }
    for (const set of one.sets) {
      if (await isBeyond(set)) {
        aside.set(BEYOND, (aside.get(BEYOND) ?? 0) + 1);
        continue;
      }
      const failed = await tried(told, set);
      if (failed === undefined) passed += 1;
      else wrong.push(`${one.name}: ${failed}`);
    }
  }
  const left = [...aside].map(([what, count]) => `${count} with ${what}`).join(", ");
  console.log(
    `${passed} of ${passed + wrong.length} ${kind} tests of libonnx-testdata pass${left && `; aside ${left}`}`,
  );
  expect(wrong).toEqual([]);
});

/** Memory that was never written, in some of the tests, and roots of negative numbers. */
const BEYOND = "numbers that float32 does not hold";
async function isBeyond({ inputs, outputs }: Case["sets"][number]): Promise<boolean> {
  for (const value of await tensorsOf([...inputs, ...outputs])) {
    const numbers = FLOATS.has(value.type) ? await value.numbers() : [];
    const tiny = (number: number): boolean => value.type === 11 && number !== 0 && Math.abs(number) < 1e-38;
    if (numbers.some((number) => Number.isNaN(number) || Math.abs(number) > 3.5e38 || tiny(number))) return true;
  }
  return false;
}

async function tried(told: OnnxModel, { inputs, outputs }: Case["sets"][number]): Promise<string | undefined> {
  try {
    await compare(told, await tensorsOf(inputs), await tensorsOf(outputs));
    return undefined;
  } catch (error) {
    return (error as Error).message.slice(0, 220);
  }
}
