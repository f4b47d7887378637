// Where Debian's libonnx-testdata keeps the ONNX project's own models, and what they should
// compute.

import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

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
