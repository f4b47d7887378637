// Tests: test/cli/commands/info.test.ts, test/cli/commands/segment.test.ts
import { existsSync } from "node:fs";
import { stat } from "node:fs/promises";
import { Classifier } from "../../classifiers/index.ts";
import { WeightsError } from "../../errors.ts";
import {
  type Cost,
  type Device,
  type Generator,
  type LayerInfo,
  loadGenerator,
  loadSegmenter,
  openCheckpoint,
  type Segmenter,
  Tensor,
  UsageError,
} from "../../index.ts";
import { recogniseClassifier } from "../../networks/classifiers/recognise.ts";
import { operatorsOf } from "../../networks/onnx/operators.ts";
import { type OnnxModel, readOnnx } from "../../networks/onnx/read.ts";
import { amount, mebibytes } from "../amount.ts";
import type { CliCommand } from "../command.ts";
import { EXIT } from "../exit.ts";
import { openFile } from "../files-read.ts";
import { drawingOptions, type GeneratorFlags, generatorOf, integrityOption } from "../generator-flags.ts";
import {
  EMBEDDED,
  EMBEDDED_PHOTOS,
  loadingOf,
  openModel,
  openSegmenter,
  type UnifiedFlags,
  unifiedOf,
} from "../models.ts";
import { whole } from "../options.ts";
import { unifiedOptions } from "../shared-options.ts";
import { print } from "../terminal.ts";
import { type Running, withDevice, withInterrupt } from "../with-folder.ts";

export interface InfoOptions extends UnifiedFlags, Omit<GeneratorFlags, "model"> {
  /** Input edge at which a segmenter's cost is told. */
  readonly size?: number;
  readonly half?: boolean;
  readonly json?: boolean;
}

/** What `info` tells of a network. */
interface Info {
  readonly name: string;
  readonly architecture: string;
  /** What it takes and gives. */
  readonly facts: Readonly<Record<string, string | number>>;
  /** Of an image; none of a network that cannot be computed. */
  readonly cost?: Cost & { readonly gpuMemory: number };
}

export const infoCommand: CliCommand<InfoOptions, [network: string]> = {
  name: "info",
  description: "tell what a network is, its layers, and what an image costs: FLOPs, bytes, GPU memory",
  options: (command) =>
    drawingOptions(integrityOption(unifiedOptions(command)))
      .argument(
        "<network>",
        "a generator's or a classifier's checkpoint, a segmenter's folder or ONNX file, scenes64 or mosaic-ade20k32",
      )
      .option("--size <px>", "input edge of a segmenter or a classifier", whole("The size", 32, 4096))
      .option("--half", "keep a segmenter's weights as float16 on the GPU")
      .option("--json", "print it as JSON"),
  run,
};

/** Loads a generator or a segmenter, or both, and tells what they are and what an image costs. */
function run(options: InfoOptions, network: string): Promise<number> {
  return withInterrupt(async (running) => {
    const { progress, signal } = running;
    const isSegmenter =
      network === EMBEDDED_PHOTOS || (await isFolder(network)) || (await isOnnxSegmenter(network, signal));
    const classifier = isSegmenter || network === EMBEDDED ? undefined : await classifierOf(network, options, running);
    const flags = (["size", "half", "heads", "segdiv", "parts"] as const).filter(
      (flag) => options[flag] !== undefined && !(classifier && flag === "size"),
    );
    if (!isSegmenter && network !== EMBEDDED && flags.length > 0) {
      throw new UsageError(
        `--${flags.join(" and --")} are for segmenters, and "${network}" is no segmenter's folder.`,
        "Leave them out, or name a segmenter.",
      );
    }
    const told: Info[] = [];
    let refusal: unknown;
    await withDevice(running, { flags: { tune: false } }, async (device) => {
      if (isSegmenter || network === EMBEDDED) told.push(await segmenterInfo(device, network, options, signal));
      if (isSegmenter) return;
      if (classifier) {
        told.push(await classifierInfo(device, classifier, signal));
        return;
      }
      const { info, refusal: why } = await fileInfo(device, network, options, running);
      told.push(info);
      refusal = why;
    });
    progress.end();
    print(options.json ? `${JSON.stringify(told, null, 2)}\n` : `${told.map(describe).join("\n\n")}\n`);
    if (refusal !== undefined) throw refusal;
    return EXIT.ok;
  });
}

const isFolder = async (path: string): Promise<boolean> =>
  (await stat(path).catch(() => undefined))?.isDirectory() ?? false;

/** Whether it is an ONNX file whose only input is RGB images, as a segmenter's is. */
async function isOnnxSegmenter(path: string, signal: AbortSignal): Promise<boolean> {
  if (!/\.onnx$/i.test(path) || !existsSync(path)) return false;
  const { inputs } = await readOnnx(await openFile(path), { signal });
  const [, channels, height, width] = inputs[0]?.shape ?? [];
  return inputs.length === 1 && channels === 3 && width !== undefined && !(height === 1 && width === 1);
}

/**
 * What a generator's file is. Of an ONNX network that cannot be computed what is known all the
 * same, and why not.
 */
async function fileInfo(device: Device, network: string, options: InfoOptions, running: Running) {
  const { signal, note } = running;
  const { name, source } = await openModel(network, loadingOf(running, options));
  const { format, entry, entries } = await openCheckpoint(source, {
    signal,
    ...(options.key && { key: options.key }),
  });
  const loading = { ...generatorOf(options), device, name, signal, onWarning: note };
  const part = entry === undefined ? {} : { part: [entry, ...entries.map((other) => `not ${other}`)].join(", ") };
  const graph = format === "onnx" ? await readOnnx(source, { signal }) : undefined;
  const facts = { container: format, ...part, ...(graph && operatorFacts(graph)) };
  try {
    return { info: await generatorInfo(await loadGenerator(source, loading), facts, signal) };
  } catch (refusal) {
    if (!graph) throw refusal;
    const info: Info = { name, architecture: `ONNX network${graph.producer && ` (${graph.producer})`}`, facts };
    return { info, refusal };
  }
}

/** "Conv ×3, Tanh", and which of them are not known. */
function operatorFacts(graph: OnnxModel): Info["facts"] {
  const uses = operatorsOf(graph);
  const unknown = uses.filter(({ known }) => !known).map(({ operator }) => operator);
  return {
    operators: uses.map(({ operator, nodes }) => (nodes === 1 ? operator : `${operator} ×${nodes}`)).join(", "),
    ...(unknown.length > 0 && { "not known": unknown.join(", ") }),
  };
}

async function segmenterInfo(
  device: Device,
  network: string,
  options: InfoOptions,
  signal: AbortSignal,
): Promise<Info> {
  const { name, files } = await openSegmenter(network);
  const { size, half } = options;
  const segmenter = await loadSegmenter(files, {
    device,
    name,
    signal,
    ...(half && { storage: "f16" as const }),
    ...(size && { segsizes: [size] }),
    ...unifiedOf(options),
  });
  const cost = segmenter.cost();
  const graph = "weights" in files && /\.onnx$/i.test(network) ? await readOnnx(files.weights, { signal }) : undefined;
  const facts = {
    ...(graph && { container: "onnx", ...operatorFacts(graph) }),
    input: segmenter.segsizes.map((edge) => `${edge}×${edge}`).join(" + "),
    labels: segmenter.labels.length - 1,
    "labels a pixel": segmenter.channels,
    categories: segmenter.categories.join(", "),
  };
  const gpuMemory = await measured(segmenter, signal);
  segmenter.dispose();
  return { name, architecture: segmenter.architecture, facts, cost: { ...cost, gpuMemory } };
}

/**
 * A file that is a classifier's, recognised.
 * @throws UsageError for an edge that it cannot have.
 */
async function classifierOf(network: string, { size: edge, key }: InfoOptions, running: Running) {
  const { name, source } = await openModel(network, loadingOf(running, {}));
  const { format, tensors } = await openCheckpoint(source, { signal: running.signal, ...(key && { key }) });
  try {
    return { name, format, network: recogniseClassifier(tensors, { edge }) };
  } catch (error) {
    // then it is a generator's, which says what is wrong
    if (error instanceof WeightsError) return undefined;
    throw error;
  }
}

async function classifierInfo(
  device: Device,
  { name, format, network }: NonNullable<Awaited<ReturnType<typeof classifierOf>>>,
  signal: AbortSignal,
): Promise<Info> {
  const classifier = await Classifier.define(network, { device, name }, { signal });
  const plan = await classifier.compile({ batch: 1 });
  const cost = { ...classifier.cost(), gpuMemory: device.live.bytes };
  plan.dispose();
  classifier.dispose();
  const { edge, resized, fit } = network.view;
  const facts = {
    container: format,
    classes: network.outputs[0]!.channels,
    sees: `${edge}×${edge} of photographs ${fit === "squash" ? "squashed" : "scaled"} to ${resized}`,
    layers: network.layers.map(layerFact).join(", "),
  };
  return { name, architecture: network.architecture, facts, cost };
}

/** "layer4 128@8²", or "layer4 128@4×8" where it is not square. */
const layerFact = ({ name, channels, height, width }: LayerInfo): string =>
  `${name} ${channels}@${height === width ? `${width}²` : `${width}×${height}`}`;

async function generatorInfo(generator: Generator, file: Info["facts"], signal: AbortSignal): Promise<Info> {
  const { name, device, network, zSize, height, width, layers, classes } = generator;
  const raw = network.outputs.find(({ kind }) => kind === "raw");
  const plan = await generator.compile({ batch: 1, signal });
  const cost = { ...generator.cost(), gpuMemory: device.live.bytes };
  plan.dispose();
  generator.dispose();
  const facts = {
    ...file,
    z: zSize,
    ...(classes.length > 0 && { classes: classes.length }),
    image: `${width}×${height}`,
    ...(raw && raw.channels !== 3 && { channels: raw.channels }),
    layers: layers.map(layerFact).join(", ") || "none",
  };
  return { name, architecture: network.architecture, facts, cost };
}

/** Bytes on the device while an image is segmented. */
async function measured(segmenter: Segmenter, signal: AbortSignal): Promise<number> {
  const { device, segsizes } = segmenter;
  const edge = segsizes[0] ?? 256;
  const image = Tensor.create(device, "image", [1, edge, edge, 4], "f32");
  const plan = await segmenter.compile(image, edge, signal);
  plan.run();
  await device.idle();
  const { bytes } = device.live;
  plan.dispose();
  image.dispose();
  return bytes;
}

const costRows = ({
  flops,
  traffic,
  gpuMemory,
  weights,
  activations,
}: NonNullable<Info["cost"]>): [string, string][] => [
  ["an image", `${amount(flops, "FLOP")}, ${amount(traffic, "B")} read and written`],
  [
    "GPU memory",
    `${mebibytes(gpuMemory)} MiB at batch 1: weights ${mebibytes(weights)}, maps ${mebibytes(activations)}`,
  ],
];

function describe({ name, architecture, facts, cost }: Info): string {
  const rows: [string, string][] = [
    ...Object.entries(facts).map(([key, value]): [string, string] => [key, String(value)]),
    ...(cost ? costRows(cost) : []),
  ];
  const width = Math.max(...rows.map(([key]) => key.length));
  return [`${name}: ${architecture}`, ...rows.map(([key, value]) => `  ${key.padEnd(width)}  ${value}`)].join("\n");
}
