import { join } from "node:path";
import { encodeFloat16, openCheckpoint, UsageError, writeSafetensors } from "../../index.ts";
import { DESCRIPTION_KEY } from "../../networks/generators/families.ts";
import { recogniseGenerator } from "../../networks/generators/recognise.ts";
import type { Network } from "../../networks/network.ts";
import { onnxGenerator } from "../../networks/onnx/generator.ts";
import { Graph } from "../../runtime/graph.ts";
import { sha256Of } from "../../weights/integrity.ts";
import { ATTRIBUTES_KEY } from "../../weights/safetensors.ts";
import type { Checkpoint, CheckpointTensor } from "../../weights/tensor.ts";
import type { CliCommand } from "../command.ts";
import { EXIT } from "../exit.ts";
import { type GeneratorFlags, generatorOf, integrityOption } from "../generator-flags.ts";
import { loadingOf, openModel } from "../models.ts";
import { FORCE, named } from "../options.ts";
import { settingsOf } from "../settings.ts";
import { print } from "../terminal.ts";
import { withFolder, withInterrupt } from "../with-folder.ts";

export interface ConvertOptions extends Pick<GeneratorFlags, "network" | "key" | "sha256"> {
  readonly half?: boolean;
  readonly outdir?: string;
  readonly force?: boolean;
  readonly json?: boolean;
}

/** Longest text of an attribute that says what a network is; source texts are longer. */
const MAX_TEXT = 100;

export const convertCommand: CliCommand<ConvertOptions, [file: string]> = {
  name: "convert",
  description: "write a generator as safetensors that say what the network is, with their SHA-256",
  options: (command) =>
    integrityOption(command.argument("<checkpoint>", "a generator's checkpoint of any container, or ONNX"))
      .option("--network <file|preset>", "what the network is: a description (JSON), or dcgan", named)
      .option("--key <name>", "which part of a checkpoint it is", named)
      .option("--half", "write float16 instead of float32")
      .option("--outdir <dir>", "where it goes (default: convert/MODEL)", named)
      .option("--force", FORCE)
      .option("--json", "print what was written as JSON on stdout"),
  run,
};

function run({ half, outdir, force, json, ...options }: ConvertOptions, file: string): Promise<number> {
  return withInterrupt(async (running) => {
    const { signal, note } = running;
    const model = await openModel(file, loadingOf(running, options));
    const { key, ...asked } = generatorOf(options);
    const checkpoint = await openCheckpoint(model.source, { signal, ...(key !== undefined && { key }) });
    const network =
      checkpoint.format === "onnx"
        ? await onnxGenerator(checkpoint.source, asked, { signal })
        : recogniseGenerator({ ...partsOf(checkpoint), onWarning: note }, asked);
    const path = outdir ?? join("convert", model.name);
    const output = { path, force, kind: "weights", settings: settingsOf("convert", { ...options, half }, file) };
    const written = { file: `${model.name}.safetensors`, tensors: 0, bytes: 0, sha256: "" };
    const { folder, complete } = await withFolder(running, output, async (folder) => {
      const data = await packed(tensorsOf(network, checkpoint), metadataOf(network, checkpoint), half, signal);
      written.tensors = data.tensors;
      written.bytes = data.bytes.length;
      written.sha256 = await sha256Of(data.bytes);
      await folder.write(written.file, data.bytes);
      await folder.write(`${written.file}.sha256`, `${written.sha256}  ${written.file}\n`);
    });
    const what = { complete, architecture: network.architecture, outdir: folder.path, ...written };
    if (json) print(`${JSON.stringify(what, null, 2)}\n`);
    note(`${network.architecture}: ${written.tensors} tensors, ${written.bytes} bytes, in ${join(path, written.file)}`);
    return complete ? EXIT.ok : EXIT.aborted;
  });
}

/** What recognises a network looks at; all parts only where it asks for them. */
const partsOf = (checkpoint: Checkpoint) => {
  const { tensors, attributes, metadata, entry } = checkpoint;
  return { tensors, attributes, metadata, entry, all: () => checkpoint.all };
};

/**
 * The tensors that a network is made of: all of a family's part, those that a description names.
 */
function tensorsOf(network: Network, { tensors }: Checkpoint): ReadonlyMap<string, CheckpointTensor> {
  // Whole numbers are counters of training, which no network is made of.
  if (!network.description) return new Map([...tensors].filter(([, { dtype }]) => /float/.test(dtype)));
  const graph = new Graph("gpu");
  network.append(graph, 1);
  const names = new Set(graph.parameters.flatMap(({ sources }) => sources));
  return new Map([...names].map((name) => [name, network.state.get(name)!]));
}

/** What says what the network is: its description, or the attributes beside a family's tensors. */
function metadataOf({ description }: Network, { attributes }: Checkpoint): Record<string, string> {
  if (description) return { [DESCRIPTION_KEY]: JSON.stringify(description) };
  const kept = [...attributes].filter(([, value]) => typeof value !== "string" || value.length <= MAX_TEXT);
  return kept.length === 0 ? {} : { [ATTRIBUTES_KEY]: JSON.stringify(Object.fromEntries(kept)) };
}

async function packed(
  tensors: ReadonlyMap<string, CheckpointTensor>,
  metadata: Record<string, string>,
  half: boolean | undefined,
  signal: AbortSignal,
) {
  const inputs: Record<string, Parameters<typeof writeSafetensors>[0][string]> = {};
  for (const [name, tensor] of tensors) {
    signal.throwIfAborted();
    const data = await tensor.read({ signal });
    if (!half) {
      inputs[name] = { dtype: "float32", shape: tensor.shape, data };
      continue;
    }
    const bits = encodeFloat16(data);
    const large = bits.findIndex((each, at) => (each & 0x7c00) === 0x7c00 && Number.isFinite(data[at]));
    if (large >= 0) {
      throw new UsageError(`${data[large]} in "${name}" is too large for float16.`, "Leave out --half.");
    }
    inputs[name] = { dtype: "float16", shape: tensor.shape, data: bits };
  }
  return { tensors: tensors.size, bytes: writeSafetensors(inputs, metadata) };
}
