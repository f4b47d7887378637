// Tests: test/cli/commands/segment.test.ts
import { stat } from "node:fs/promises";
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
import { amount, mebibytes } from "../amount.ts";
import type { CliCommand } from "../command.ts";
import { EXIT } from "../exit.ts";
import { drawingOptions, type GeneratorFlags, generatorOf } from "../generator-flags.ts";
import { EMBEDDED, EMBEDDED_PHOTOS, openModel, openSegmenter, type UnifiedFlags, unifiedOf } from "../models.ts";
import { whole } from "../options.ts";
import { unifiedOptions } from "../shared-options.ts";
import { withDevice, withInterrupt } from "../with-folder.ts";

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
  readonly cost: Cost & { readonly gpuMemory: number };
}

export const infoCommand: CliCommand<InfoOptions, [network: string]> = {
  name: "info",
  description: "tell what a network is, and what an image costs: FLOPs, bytes, GPU memory",
  options: (command) =>
    drawingOptions(unifiedOptions(command))
      .argument("<network>", "a generator's checkpoint, a segmenter's folder, scenes64 or mosaic-ade20k32")
      .option("--size <px>", "input edge of a segmenter", whole("The size", 32, 4096))
      .option("--half", "keep a segmenter's weights as float16 on the GPU")
      .option("--json", "print it as JSON"),
  run,
};

/** Loads a generator or a segmenter, or both, and tells what they are and what an image costs. */
function run(options: InfoOptions, network: string): Promise<number> {
  return withInterrupt(async (running) => {
    const { progress, signal } = running;
    const isSegmenter =
      network === EMBEDDED_PHOTOS || ((await stat(network).catch(() => undefined))?.isDirectory() ?? false);
    const flags = (["size", "half", "heads", "segdiv", "parts"] as const).filter((flag) => options[flag] !== undefined);
    if (!isSegmenter && network !== EMBEDDED && flags.length > 0) {
      throw new UsageError(
        `--${flags.join(" and --")} are for segmenters, and "${network}" is no segmenter's folder.`,
        "Leave them out, or name a segmenter.",
      );
    }
    const told: Info[] = [];
    await withDevice(running, { flags: { tune: false } }, async (device) => {
      if (isSegmenter || network === EMBEDDED) told.push(await segmenterInfo(device, network, options, signal));
      if (!isSegmenter) {
        const { name, source } = await openModel(network, { signal, onProgress: progress.download });
        const { format, entry, entries } = await openCheckpoint(source, {
          signal,
          ...(options.key && { key: options.key }),
        });
        const loading = { ...generatorOf(options), device, name, signal, onWarning: running.note };
        const part = entry === undefined ? {} : { part: [entry, ...entries.map((other) => `not ${other}`)].join(", ") };
        told.push(await generatorInfo(await loadGenerator(source, loading), { container: format, ...part }, signal));
      }
    });
    progress.end();
    process.stdout.write(options.json ? `${JSON.stringify(told, null, 2)}\n` : `${told.map(describe).join("\n\n")}\n`);
    return EXIT.ok;
  });
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
  const facts = {
    input: segmenter.segsizes.map((edge) => `${edge}×${edge}`).join(" + "),
    labels: segmenter.labels.length - 1,
    "labels a pixel": segmenter.channels,
    categories: segmenter.categories.join(", "),
  };
  const gpuMemory = await measured(segmenter, signal);
  segmenter.dispose();
  return { name, architecture: segmenter.architecture, facts, cost: { ...cost, gpuMemory } };
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
    layers: layers.map(layerFact).join(", "),
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

function describe({ name, architecture, facts, cost }: Info): string {
  const rows: [string, string][] = [
    ...Object.entries(facts).map(([key, value]): [string, string] => [key, String(value)]),
    ["an image", `${amount(cost.flops, "FLOP")}, ${amount(cost.traffic, "B")} read and written`],
    [
      "GPU memory",
      `${mebibytes(cost.gpuMemory)} MiB at batch 1: weights ${mebibytes(cost.weights)}, maps ${mebibytes(cost.activations)}`,
    ],
  ];
  const width = Math.max(...rows.map(([key]) => key.length));
  return [`${name}: ${architecture}`, ...rows.map(([key, value]) => `  ${key.padEnd(width)}  ${value}`)].join("\n");
}
