import { WeightsError } from "../../errors.ts";
import { constant, type Learned } from "../../kernels/conv/filter.ts";
import type { Attributes, CheckpointTensor } from "../../weights/tensor.ts";
import { learned } from "../filters.ts";
import { need } from "../recording.ts";
import type { State } from "../state.ts";
import type { GeneratorFile } from "./family.ts";
import { type Convolution, type ProganLayout, type ProganStyle, reordered, widthsOf } from "./progan-layouts.ts";

// Tests: test/networks/generators/progan-layouts.test.ts

/** Build functions of the published generators, the second that of older files. */
const FUNCTIONS: readonly unknown[] = ["G_paper", "G_progressive_8"];
/** Arguments of theirs that make another network when they are set. */
const UNKNOWN = ["label_size", "use_batchnorm", "tanh_at_end"];

/** Where the file has its arguments. */
const argument = (attributes: Attributes, name: string): unknown => attributes.get(`build_func_spec.${name}`);

/**
 * NVIDIA's first code, in Theano (spec generators §3): `param_values` are in the order of its
 * layers, of each W, the scale that is taken out of it, b. Convolutions flip their kernels.
 * @throws WeightsError for a network that is none of those.
 */
export function theanoLayout({ tensors, attributes }: GeneratorFile): ProganLayout {
  checkFunction(attributes);
  const scaled = argument(attributes, "use_wscale") !== false;
  const state = named(tensors, scaled ? ["W", "scale", "b"] : ["W", "b"]);
  const widths = widthsOf(state, (step) => [
    [`G${step + 1}a.W`, 0],
    [`G${step + 1}b.W`, 0],
  ]);
  const top = widths.length - 1;
  const taken = (from: State, name: string, out: number, weight: Learned): Convolution => ({
    weight,
    scale: scaled ? stored(from, `${name}.scale`, out) : constant(1, out),
    bias: learned(from, `${name}.b`, [out]),
  });
  const lod = Number(attributes.get("toplevel_params.cur_lod") ?? 0);
  return {
    state,
    zSize: state.get("G1a.W")?.shape[1] ?? 1,
    classes: 0,
    widths,
    channels: state.get("Glod0.W")?.shape[1] ?? 3,
    // There are layers for all sizes, also for those that training never came to.
    lod: Math.min(lod, Math.max(0, top)),
    style: {
      activation: argument(attributes, "use_leakyrelu") === false ? "relu" : "leaky",
      normed: normedOf(attributes),
    },
    // A full convolution of one pixel with a flipped kernel is the kernel.
    first: (from, [out, into]) => taken(from, "G1a", out, learned(from, "G1a.W", [out, into, 4, 4])),
    convolution(from, i, [out, into]) {
      const name = `G${Math.ceil(i / 2)}${i % 2 === 1 ? "a" : "b"}`;
      const at = (o: number, channel: number, y: number, x: number): number => {
        return ((o * into + channel) * 3 + (2 - y)) * 3 + (2 - x);
      };
      return taken(from, name, out, reordered(from, `${name}.W`, [out, into, 3, 3], [out, into, 3], at));
    },
    rgb(from, step, [out, into]) {
      const name = `Glod${top - step}`;
      const at = (o: number, channel: number): number => channel * out + o;
      return taken(from, name, out, reordered(from, `${name}.W`, [into, out], [out, into, 1], at));
    },
  };
}

function checkFunction(attributes: Attributes): void {
  const name = argument(attributes, "func");
  if (!FUNCTIONS.includes(name)) {
    const what = typeof name === "string" ? ` "${name.slice(0, 40)}"` : "";
    throw new WeightsError(
      "weights-shape",
      `This is a network${what} of NVIDIA's Theano code${/^ "D_/.test(what) ? ", a discriminator" : ""}, not its generator "G_paper".`,
      "Take the generator that it was trained with: leave `key` out, or name another part.",
    );
  }
  const set = UNKNOWN.find((each) => ![undefined, null, false, 0].includes(argument(attributes, each) as null));
  if (set !== undefined) {
    throw new WeightsError(
      "weights-shape",
      `This is a Progressive GAN of NVIDIA's Theano code that was made with ${set}, which is not known here.`,
      "Bring it with defineGenerator (docs/generators.md).",
    );
  }
}

/** The list of arrays by the names of the layers that they are of. */
function named(tensors: State, parts: readonly string[]): State {
  const values = [...tensors].filter(([name]) => /^param_values\.\d+$/.test(name));
  const blocks = Math.ceil(values.filter(([, { shape }]) => shape.length === 4).length / 2);
  const steps = Array.from({ length: blocks }, (_, i) => i);
  const layers = [...steps.flatMap((i) => [`G${i + 1}a`, `G${i + 1}b`]), ...steps.map((i) => `Glod${i}`)];
  const renamed = new Map<string, CheckpointTensor>();
  for (const [name, tensor] of tensors) {
    const at = /^param_values\.(\d+)$/.exec(name)?.[1];
    const layer = at === undefined ? undefined : layers[Math.floor(Number(at) / parts.length)];
    renamed.set(layer === undefined ? name : `${layer}.${parts[Number(at) % parts.length]}`, tensor);
  }
  return renamed;
}

/** z may be normalised where nothing else is, and the other way round. */
function normedOf(attributes: Attributes): ProganStyle["normed"] {
  const [latents, others] = ["normalize_latents", "use_pixelnorm"].map((name) => argument(attributes, name) !== false);
  return (i) => (i === 1 ? latents : others) ?? true;
}

/** One number, for all channels. */
function stored(state: State, key: string, out: number): Learned {
  need(state, key, []);
  return { sources: [key], of: ([scale]) => new Float64Array(out).fill(scale![0]!) };
}
