// What the library and the command line do with a stranger's file, as far as that needs no device.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { openMasks } from "../../src/cli/classifier/masks.ts";
import { KeptInversion } from "../../src/cli/invert/kept.ts";
import { openPlan } from "../../src/cli/parts/plan.ts";
import { stateHead, unpackState } from "../../src/cli/state-file.ts";
import { openReport } from "../../src/compare/dissections/open.ts";
import { hasFeatures, hasMoments, readFeatures, readMoments } from "../../src/compare/features-file.ts";
import { openQuantiles } from "../../src/dissect/open-quantiles.ts";
import { UsageError } from "../../src/errors.ts";
import { writeSafetensors } from "../../src/index.ts";
import { labelsOf } from "../../src/models/segmenter-files.ts";
import { recogniseClassifier } from "../../src/networks/classifiers/recognise.ts";
import { parseDescription } from "../../src/networks/description.ts";
import { recogniseGenerator } from "../../src/networks/generators/recognise.ts";
import { onnxGenerator } from "../../src/networks/onnx/generator.ts";
import { lower } from "../../src/networks/onnx/lower.ts";
import { readOnnx } from "../../src/networks/onnx/read.ts";
import { semanticLabels } from "../../src/networks/segmenters/labels.ts";
import { LIST_KEY, parseOperations, recognise } from "../../src/networks/segmenters/recognise.ts";
import { unifiedLabels } from "../../src/networks/segmenters/unified.ts";
import { fileSource } from "../../src/node/files.ts";
import type { OutputFolder } from "../../src/node/folder.ts";
import { readKept, sha256 } from "../../src/node/kept/file.ts";
import { Marker } from "../../src/node/marker.ts";
import { decodePhoto } from "../../src/node/photo/decode.ts";
import { decodePng } from "../../src/report/decode-png.ts";
import { type FoundJson, fromGandissect } from "../../src/report/from-gandissect.ts";
import { isPng } from "../../src/report/png.ts";
import { parseDissection } from "../../src/server/dissected.ts";
import { readFindings } from "../../src/session/findings.ts";
import { loadFindings } from "../../src/session/loaded.ts";
import { openRecipe, readRecipe } from "../../src/session/recipe-link.ts";
import { memorySource } from "../../src/weights/bytes.ts";
import { openCheckpoint } from "../../src/weights/checkpoint.ts";
import type { Checkpoint } from "../../src/weights/tensor.ts";
import { reportJson, reportUnit } from "../report/report-json.ts";

/** Opens a file, and what is in it; `folder` is one of its own to write into. */
export type Opener = (bytes: Uint8Array<ArrayBuffer>, folder: string) => Promise<void>;

/** Things that are tried one after the other with the same file: the first error is thrown last. */
async function all(...attempts: readonly (() => unknown)[]): Promise<void> {
  const failures: unknown[] = [];
  for (const attempt of attempts) {
    try {
      await attempt();
    } catch (error) {
      failures.push(error);
    }
  }
  // what is not ours must not hide behind what is
  const strange = failures.find((error) => !isOurs(error)) ?? failures[0];
  if (strange !== undefined) throw strange;
}

/** By its code: the class may be of another bundle. */
export const isOurs = (error: unknown): boolean =>
  error instanceof Error && "code" in error && "fix" in error && typeof error.fix === "string";

async function checkpoint(bytes: Uint8Array<ArrayBuffer>): Promise<void> {
  const file = await openCheckpoint(bytes);
  if (file.format === "onnx") return network(bytes);
  await all(
    () => tensorsOf(file),
    () => file.all.size,
    () => recogniseGenerator({ ...file, all: () => file.all }),
    () => recogniseClassifier(file.tensors),
    () => recognise({ state: file.tensors, labels: {}, operations: listOf(file) }),
    () => hasFeatures(file) && readFeatures(file),
    () => hasMoments(file) && readMoments(file),
  );
}

const listOf = ({ metadata }: Checkpoint) =>
  metadata[LIST_KEY] === undefined ? undefined : parseOperations(metadata[LIST_KEY]);

/** Every tensor once, as a model's weights are brought to a device. */
async function tensorsOf({ tensors }: Checkpoint): Promise<void> {
  for (const tensor of tensors.values()) await tensor.read();
}

/** The files that an index or a manifest may name, beside it. */
const BESIDE: Readonly<Record<string, Uint8Array>> = {
  "shard.safetensors": writeSafetensors({
    w: { dtype: "float32", shape: [2, 2], data: new Float32Array(4) },
    b: { dtype: "float32", shape: [4], data: new Float32Array(4) },
  }),
  "weights.bin": new Uint8Array(32),
};

async function beside(bytes: Uint8Array, folder: string): Promise<void> {
  mkdirSync(folder, { recursive: true });
  for (const [name, file] of Object.entries(BESIDE)) writeFileSync(join(folder, name), file);
  const path = join(folder, "index.json");
  writeFileSync(path, bytes);
  await tensorsOf(await openCheckpoint(await fileSource(path)));
}

/** What an inversion's settings are, and by what its file knows them. */
const INVERSION = "settings";
export const INVERSION_KEY = sha256(JSON.stringify(INVERSION));

/** The file is ours, and what is damaged is begun anew: nothing is told. */
async function inversion(bytes: Uint8Array, folder: string): Promise<void> {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "inversion.state"), bytes);
  const { found } = await KeptInversion.open({ path: folder } as OutputFolder, INVERSION);
  if (!found) throw new UsageError("There is none, or it is damaged.", "Begin anew.");
}

/** Reads the tensor "small" of a file and nothing else, and returns how many numbers it has. */
export async function readSmall(path: string): Promise<number> {
  const source = await fileSource(path);
  const checkpoint = await openCheckpoint(source);
  const tensors = checkpoint.format === "onnx" ? (await readOnnx(source)).initializers : checkpoint.all;
  return (await tensors.get("small")!.read()).length;
}

async function network(bytes: Uint8Array): Promise<void> {
  const source = memorySource(bytes, "net.onnx");
  await all(
    async () => {
      const list = await lower(await readOnnx(source), { size: source.size });
      for (const tensor of list.state.values()) await tensor.read();
    },
    () => onnxGenerator(source),
  );
}

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

async function labels(bytes: Uint8Array<ArrayBuffer>): Promise<void> {
  const file = await labelsOf({ weights: bytes, labels: bytes }, {});
  const { labels: entries } = (file ?? {}) as { labels?: unknown };
  const channels = Array.isArray(entries) ? entries.length : 1;
  await all(
    () => semanticLabels(file, "logits", channels),
    () => unifiedLabels(file, { encoder: {}, heads: { object: channels } } as never, {}),
  );
}

function report(bytes: Uint8Array<ArrayBuffer>): Promise<void> {
  return all(
    () => openReport({ report: text(bytes), tensors: EMPTY_TABLES }, "a folder"),
    () => fromGandissect(parseDissection(text(bytes), "dissect.json") as FoundJson, [8, 8]),
    () => loadFindings(bytes, { onProgress: () => {} }),
    () => openReport({ report: TINY_REPORT, tensors: bytes }, "a folder"),
  );
}

const EMPTY_TABLES = Uint8Array.from([2, 0, 0, 0, 0, 0, 0, 0, 0x7b, 0x7d]);
const TINY_REPORT = JSON.stringify(
  reportJson({
    model: "m",
    labels: [{ name: "-", category: "object" }],
    layers: [{ layer: "layer1", units: [reportUnit(0, 0)] }],
  }),
);

function recipe(bytes: Uint8Array): Promise<void> {
  return all(
    () => readRecipe(text(bytes)),
    () => openRecipe(text(bytes)),
  );
}

/** A folder's labels.json and, where the bytes are a picture, its one mask. */
async function masks(bytes: Uint8Array, folder: string): Promise<void> {
  mkdirSync(folder, { recursive: true });
  const picture = isPng(bytes);
  writeFileSync(join(folder, "labels.json"), picture ? '["-","a","b"]' : bytes);
  if (picture) writeFileSync(join(folder, "a.png"), bytes);
  const opened = await openMasks(folder);
  opened.digest();
  if (picture) await opened.check("a.jpg", { width: 8, height: 8 });
}

function photo(bytes: Uint8Array): Promise<void> {
  return all(
    () => decodePhoto(bytes, "photo"),
    () => isPng(bytes) && decodePng(bytes),
  );
}

/** What a killed run may have left, in any of its forms. */
async function state(bytes: Uint8Array<ArrayBuffer>, folder: string): Promise<void> {
  mkdirSync(folder, { recursive: true });
  const path = join(folder, "kept.json");
  writeFileSync(path, bytes);
  writeFileSync(join(folder, ".ganatomy"), bytes);
  await all(
    () => stateHead(bytes, STATE_FORMAT),
    () => unpackState(bytes, STATE_FORMAT),
    () => readKept(path, { format: STATE_FORMAT, key: "key" }),
    () => openPlan(path),
    () => Marker.read(folder, "dissect"),
    async () => openQuantiles(await fileSource(path)),
  );
}

export const STATE_FORMAT = "ganatomy part 2";

function description(bytes: Uint8Array): Promise<void> {
  return all(
    () => parseDescription(text(bytes)),
    () =>
      recogniseGenerator(
        { tensors: new Map(), attributes: new Map(), metadata: {}, entry: undefined } as never,
        { network: text(bytes) } as never,
      ),
    () => parseOperations(text(bytes)),
    () => readFindings(text(bytes)),
  );
}

/** By the name of what is opened. */
export const OPENERS = {
  checkpoint,
  network,
  labels,
  report,
  recipe,
  masks,
  photo,
  state,
  description,
  beside,
  inversion,
} satisfies Record<string, Opener>;
export type Kind = keyof typeof OPENERS;
