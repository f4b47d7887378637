// Where Debian's libonnx-testdata keeps the ONNX project's own models, and what they should
// compute.

import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Budget, type Known, ofTensor } from "../../../src/networks/onnx/known.ts";
import { readOnnx } from "../../../src/networks/onnx/read.ts";
import { memorySource } from "../../../src/weights/bytes.ts";
import { message } from "./encode.ts";

/** The package's folder of data, found by dpkg; undefined where the package is not installed. */
export function testdata(): string | undefined {
  try {
    const files = execFileSync("dpkg", ["-L", "libonnx-testdata"], { encoding: "utf8", stdio: "pipe" });
    return /^(.*\/data)\/node$/m.exec(files)?.[1];
  } catch {
    console.log("libonnx-testdata is not installed: its models are not tried. apt-get install libonnx-testdata");
    return undefined;
  }
}

/** One of its models: a folder with model.onnx and folders of inputs and outputs. */
export interface Case {
  readonly name: string;
  readonly model: Uint8Array<ArrayBuffer>;
  /** Of each data set, TensorProtos in order. */
  readonly sets: readonly { readonly inputs: readonly Uint8Array[]; readonly outputs: readonly Uint8Array[] }[];
}

export const KINDS = ["node", "pytorch-converted", "pytorch-operator", "simple"] as const;

/** All of its models of a kind. */
export function* casesOf(data: string, kind: (typeof KINDS)[number]): Generator<Case> {
  const folder = join(data, kind);
  if (!existsSync(folder)) return;
  for (const test of readdirSync(folder).sort()) {
    const path = join(folder, test);
    const model = join(path, "model.onnx");
    if (!existsSync(model)) continue;
    const sets = readdirSync(path).filter((name) => name.startsWith("test_data_set_"));
    yield {
      name: test.replace(/^test_/, ""),
      model: Uint8Array.from(readFileSync(model)),
      sets: sets.map((set) => ({
        inputs: numbered(join(path, set), "input"),
        outputs: numbered(join(path, set), "output"),
      })),
    };
  }
}

const numbered = (folder: string, what: string): Uint8Array[] =>
  readdirSync(folder)
    .filter((name) => name.startsWith(`${what}_`))
    .sort((a, b) => Number(/\d+/.exec(a)) - Number(/\d+/.exec(b)))
    .map((name) => Uint8Array.from(readFileSync(join(folder, name))));

/** TensorProtos, as the weights of a model. */
export const tensorsOf = async (files: readonly Uint8Array[]): Promise<readonly Known[]> =>
  Promise.all(
    files.map(async (file) => {
      const model = await readOnnx(memorySource(Uint8Array.from(message(7, message(5, file))), "data"));
      return ofTensor([...model.initializers.values()][0]!, new Budget(0));
    }),
  );

/** The largest difference of numbers, in units of the expected number or of 1, if it is smaller. */
export function worstOf(ours: ArrayLike<number>, theirs: Float64Array): number {
  if (ours.length !== theirs.length) return Number.POSITIVE_INFINITY;
  return theirs.reduce((most, value, at) => {
    if (Object.is(value, ours[at]) || value === ours[at]) return most;
    const error = Math.abs(ours[at]! - value) / Math.max(1, Math.abs(value));
    return Math.max(most, Number.isNaN(error) ? Number.POSITIVE_INFINITY : error);
  }, 0);
}
