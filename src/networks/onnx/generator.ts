import { UsageError, WeightsError } from "../../errors.ts";
import { parseJson } from "../../weights/json.ts";
import type { ReadOptions, Source } from "../../weights/source.ts";
import { type Description, parseDescription } from "../description.ts";
import { describedNetwork } from "../description-network.ts";
import type { GeneratorOptions } from "../generators/family.ts";
import type { Network, Picture } from "../network.ts";
import type { Operation } from "../operations.ts";
import { isClass, lower, type OnnxList } from "./lower.ts";
import { type OnnxModel, readOnnx } from "./read.ts";

// Tests: test/networks/onnx/networks.test.ts

/** What a graph does not say: the fields of a description that are not in it. */
type About = Partial<Pick<Description, "architecture" | "range" | "crop" | "labels" | "classes">>;

const unfit = (why: string, fix: string): WeightsError =>
  new WeightsError("weights-shape", `This ONNX network is no generator: ${why}.`, fix);

/**
 * The generator of an ONNX file: z [n, length] or [n, length, 1, 1], and a class where it has an
 * input of whole numbers, to a map [n, channels, height, width]. Its layers are the activations, by
 * the names of their outputs.
 * @throws WeightsError `weights-format` for what is no ONNX or has a node that cannot be computed,
 *   `weights-shape` for a network that is no generator; UsageError for options of other families.
 */
export async function onnxGenerator(
  source: Source,
  { network, ...others }: GeneratorOptions = {},
  reading: ReadOptions = {},
): Promise<Network> {
  for (const [name, value] of Object.entries(others)) {
    if (value !== undefined)
      throw new UsageError(`The file is an ONNX network, which has no \`${name}\`.`, "Leave it out.");
  }
  const model = await readOnnx(source, { signal: reading.signal });
  const { z, label } = inputsOf(model);
  const names = new Map([[z, "z"], ...(label === undefined ? [] : [[label, "label"] as const])]);
  const list = await lower(model, { size: source.size, names });
  const [, ...vector] = list.inputs.find(({ name }) => name === z)!.extents;
  if (vector.some((extent) => extent !== 1)) {
    throw unfit(`its input "${z}" is no vector`, "Load it as a segmenter, or export the part from z on.");
  }
  return describedNetwork(descriptionOf(model, list, z, aboutOf(network)), { tensors: list.state });
}

/** Fields that the graph itself says. */
const OWN = ["z", "image", "operations", "latent"];

/** A description's fields that a graph lacks; the others are checked with the rest of it. */
function aboutOf(network: GeneratorOptions["network"]): About {
  if (network === undefined) return {};
  const about = typeof network === "string" ? parsed(network) : network;
  if (typeof about !== "object" || about === null || Array.isArray(about)) throw noDescription(JSON.stringify(about));
  const own = OWN.find((name) => Object.hasOwn(about, name));
  if (own !== undefined) {
    throw new UsageError(`The description says "${own}", which an ONNX file says itself.`, "Leave it out of it.");
  }
  return about as About;
}

/** Characters of what was given that a message shows. */
const SHOWN = 40;
const noDescription = (given: string, options?: ErrorOptions): UsageError => {
  const start = given.length > SHOWN ? `${given.slice(0, SHOWN)}…` : given;
  return new UsageError(`An ONNX file is no network "${start}".`, "Leave it out, or give a description.", options);
};

function parsed(text: string): unknown {
  try {
    return parseJson(text.replace(/^\uFEFF/, ""));
  } catch (cause) {
    throw noDescription(text, { cause });
  }
}

/** The names of z and of the class. */
function inputsOf({ inputs }: OnnxModel): { z: string; label: string | undefined } {
  const label = inputs.find(isClass)?.name;
  const values = inputs.filter((input) => !isClass(input)).map(({ name }) => name);
  const [z] = values;
  if (z === undefined || values.length > 1 || inputs.length > (label === undefined ? 1 : 2)) {
    throw unfit(
      `its inputs are ${inputs.map(({ name }) => name).join(", ") || "none"}`,
      "Export it with z, and a class if there is one, as its inputs.",
    );
  }
  return { z, label };
}

function descriptionOf(model: OnnxModel, list: OnnxList, z: string, about: About): Description {
  const output = list.outputs.find(({ value }) => value.shape.length === 4);
  if (!output) {
    const shapes = list.outputs.map(({ value }) => `[${value.shape}]`).join(" and ");
    throw unfit(`it makes ${shapes}`, "Export it with an image [n, channels, height, width] as its output.");
  }
  const { extents, result } = output.value;
  const classes = list.inputs.find((input) => input.classes !== undefined)?.classes;
  const { classes: named, ...rest } = about;
  if (Array.isArray(named) && named.length !== classes) {
    throw unfit(`it has ${classes ?? "no"} classes, not ${named.length}`, "Name as many classes as it has.");
  }
  const known = {
    architecture: `ONNX network${model.producer && ` (${model.producer})`}`,
    range: rangeOf(model, output.name, extents[0]),
    ...rest,
    z: list.inputs.find(({ name }) => name === z)!.extents[0],
    classes: classes === undefined ? null : (named ?? classes),
    image: extents,
  };
  // What is said beside the file is checked as that of any description.
  const checked = parseDescription({ ...known, operations: [{ op: "relu" }] });
  // The last operation makes the image.
  const ends =
    list.steps.at(-1)?.to === result ? [] : [{ op: "reshape", x: result, shape: extents, to: `${result} image` }];
  return { ...checked, operations: [...list.steps, ...ends] as unknown as readonly Operation[] };
}

/** What the last node leaves: a sigmoid numbers from 0, and many channels kinds of tiles. */
function rangeOf({ nodes }: OnnxModel, output: string, channels: number): Picture["range"] {
  if (channels !== 1 && channels !== 3 && channels !== 4) return "tiles";
  const last = nodes.find(({ outputs }) => outputs.includes(output));
  return last?.operator === "Sigmoid" ? "0..1" : "-1..1";
}
