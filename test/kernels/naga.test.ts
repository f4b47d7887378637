import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, test } from "vitest";
import { ONE_BY_ONE } from "../../src/kernels/conv/winograd.ts";
import { findSwiftShader } from "../../src/node/vulkan.ts";
import { type Kernel, specialize } from "../../src/runtime/kernel.ts";
import { deno, denoEnvironment } from "../deno.ts";

type Variant = Readonly<Record<string, number | boolean | string>>;

/**
 * Choices beyond the defaults that operations make, by kernel. Every `bool` constant is tried both
 * ways besides.
 */
const VARIANTS: Readonly<Record<string, readonly Variant[]>> = {
  "activation-back": [{ ACTIVATION: 2 }, { ACTIVATION: 3 }],
  "conv-tiled": [
    { PIXELS: 128, VECTORS: 16 },
    { PIXELS: 128, VECTORS: 32 },
    { PIXELS: 128, VECTORS: 32, HALF: true },
  ],
  count: [{ CHANNELS: 2, CATEGORIES: 3 }],
  radix: [{ PASS: 1 }, { PASS: 2 }],
  "depthwise-strip": [{ KERNEL: 5, ACTIVATION: 3 }],
  "winograd-input": [{ OUTPUTS: 4 }, { OUTPUTS: 4, ...ONE_BY_ONE }],
  "winograd-output": [
    { OUTPUTS: 4, ACTIVATION: 1 },
    { ACTIVATION: 2, RESIDUAL: true },
    { OUTPUTS: 4, ACTIVATION: 3, ...ONE_BY_ONE },
  ],
};

const DIRECTORY = new URL("../../src/kernels/generated/", import.meta.url);
const NAMES = readdirSync(DIRECTORY).flatMap((file) => /^(.+)\.wgsl\.ts$/.exec(file)?.[1] ?? []);

/** A message for each source, or null when it compiles. */
type Verdicts = ReadonlyMap<string, string | null>;

/**
 * What naga, the shader compiler of Firefox and Deno, says of each source, and the features of the
 * adapter that it ran on.
 */
function naga(sources: readonly { readonly name: string; readonly code: string }[]): {
  readonly features: readonly string[];
  readonly verdicts: Verdicts;
} {
  const swiftShader = findSwiftShader();
  if (!swiftShader) throw new Error("naga runs on Chromium's SwiftShader, which is missing");
  const script = fileURLToPath(new URL("naga.mjs", import.meta.url));
  const { error, status, stdout, stderr } = spawnSync(deno(), ["run", "--unstable-webgpu", script], {
    input: JSON.stringify(sources),
    encoding: "utf8",
    timeout: 110_000, // SwiftShader needs minutes for a kernel with far too many live registers
    env: denoEnvironment(swiftShader),
  });
  if (status !== 0) throw new Error(`deno failed (${error ?? `status ${status}`}) after:\n${stderr}`);
  const { features, answers } = JSON.parse(stdout) as {
    features: string[];
    answers: { name: string; error: string | null }[];
  };
  return { features, verdicts: new Map(answers.map(({ name, error }) => [name, error])) };
}

const title = (kernel: string, variant: Variant) => `${kernel} ${JSON.stringify(variant)}`;

async function variantsOf(name: string): Promise<{ name: string; code: string }[]> {
  const kernel = ((await import(new URL(`${name}.wgsl.ts`, DIRECTORY).href)) as { default: Kernel }).default;
  const flips = [...kernel.source.matchAll(/^const (\w+)\b[^=]*= ?(true|false);/gm)].map(([, constant, value]) => ({
    [constant!]: value === "false",
  }));
  return [{}, ...flips, ...(VARIANTS[name] ?? [])].map((variant) => ({
    name: title(name, variant),
    code: specialize(kernel, variant),
  }));
}

describe("naga", () => {
  let verdicts: Verdicts;
  let features: readonly string[];
  beforeAll(async () => {
    const broken = [
      { name: "a type error", code: "@compute @workgroup_size(1) fn main() { let x: u32 = 1.5; }" },
      {
        name: "a workgroup pointer",
        code: "var<workgroup> t: array<u32, 4>;\nfn f(p: ptr<workgroup, array<u32, 4>>) { (*p)[0] = 1u; }\n@compute @workgroup_size(1) fn main() { f(&t); }",
      },
    ];
    ({ features, verdicts } = naga([...broken, ...(await Promise.all(NAMES.map(variantsOf))).flat()]));
  });

  // wgpu tells how many lanes subgroups have without offering them: devices there get kernels that
  // do without.
  test("knows no subgroups, and its adapters offer none", () => {
    expect(features).not.toContain("subgroups");
    expect(verdicts.get(title("conv-subgroup", {}))).toMatch(/`subgroups` enable-extension is not yet supported/);
  });

  test.each(NAMES.filter((name) => name !== "conv-subgroup"))("compiles %s and its variants", async (name) => {
    const variants = await variantsOf(name);
    expect(Object.fromEntries(variants.map((variant) => [variant.name, verdicts.get(variant.name)]))).toEqual(
      Object.fromEntries(variants.map((variant) => [variant.name, null])),
    );
  });

  test.each(["a type error", "a workgroup pointer"])("refuses %s", (name) => {
    expect(verdicts.get(name)).toMatch(/error/i);
  });

  test("every bool is tried both ways", () => {
    const tried = [...verdicts.keys()];
    expect(tried).toEqual(expect.arrayContaining(['conv-tiled {"HALF":true}', 'count {"ACROSS":false}']));
  });

  test("the table of variants names kernels that exist", () => {
    expect(NAMES).toEqual(expect.arrayContaining(Object.keys(VARIANTS)));
  });
});
