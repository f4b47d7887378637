// Tests: test/cli/commands/distance.test.ts
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { join } from "node:path";
import {
  type FeatureNetwork,
  generatedImages,
  hasFeatures,
  type Images,
  type KeptFeatures,
  type Measured,
  measure,
  photographs,
  readFeatures,
  type Side,
  writeFeatures,
} from "../../compare/index.ts";
import { PhotoError } from "../../errors.ts";
import { type Device, type Generator, loadGenerator, openCheckpoint, type Segmenter } from "../../index.ts";
import type { OutputFolder } from "../../node/folder.ts";
import { fileName } from "../../report/gandissect.ts";
import { openFile } from "../files-read.ts";
import { type GeneratorFlags, generatorOf } from "../generator-flags.ts";
import type { Running } from "../with-folder.ts";
import { editsOf, type FileOfEdits } from "./edits.ts";
import { type GeneratorInput, hashOf, type Input, inTurn, type PhotographsInput } from "./input.ts";
import { Photographs } from "./photographs.ts";

/** What measures images, and where results are kept. */
export interface Tools extends Pick<Running, "progress" | "signal" | "note"> {
  readonly device: Device;
  readonly features: FeatureNetwork | undefined;
  readonly segmenter: Segmenter | undefined;
  /** What identifies the segmenter: its name and its file's hash. */
  readonly segmenterHash: string;
  readonly folder: OutputFolder;
  readonly flags: GeneratorFlags;
  readonly size: number;
  readonly batch: number | undefined;
}

/** Images that are to be measured, with what tells them from others. */
export interface Subject {
  readonly images: Images;
  readonly about: string;
  readonly name: string;
  readonly identity: readonly unknown[];
  readonly generated: boolean;
  readonly photos?: Photographs;
  dispose(): void;
}

/** Which of two inputs a side is, with the seed of its z if it is a generator's. */
export interface SideOptions {
  readonly input: Input;
  readonly seed: number;
  /** What is done to its images, if it is a generator's. */
  readonly edits?: FileOfEdits | undefined;
  /** Height and width of the images it is compared with, where they are known. */
  readonly extent: readonly [height: number, width: number] | undefined;
}

/** What is measured of an input: now, or by an earlier run. */
export async function sideOf({ input, seed, edits, extent }: SideOptions, tools: Tools): Promise<Side> {
  if (input.kind === "features") return input.kept;
  if (input.kind === "moments") return input.moments;
  const subject =
    input.kind === "generator" ? await drawn(input, { seed, edits }, tools) : await photographed(input, extent, tools);
  try {
    return await measured(subject, tools);
  } finally {
    subject.dispose();
  }
}

/** Height and width of a generator's images. */
export async function extentOf(input: GeneratorInput, tools: Pick<Tools, "device" | "flags" | "signal" | "note">) {
  const { height, width, dispose } = await loaded(input, tools);
  dispose();
  return [height, width] as const;
}

async function loaded({ name, source }: GeneratorInput, tools: Pick<Tools, "device" | "flags" | "signal" | "note">) {
  const { device, flags, signal, note } = tools;
  const generator: Generator = await loadGenerator(source, {
    ...generatorOf(flags),
    device,
    name,
    signal,
    onWarning: note,
  });
  return { generator, height: generator.height, width: generator.width, dispose: () => generator.dispose() };
}

async function drawn(
  input: GeneratorInput,
  { seed, edits: file }: Pick<SideOptions, "seed" | "edits">,
  tools: Tools,
): Promise<Subject> {
  const { generator, dispose } = await loaded(input, tools);
  const { size, flags } = tools;
  try {
    const edits = file ? await editsOf(file, generator, tools) : [];
    const about = `${input.name}, seed ${seed}`;
    return {
      images: generatedImages(generator, { size, seed, edits }),
      about: file ? `${about}, edited by ${file.path}` : about,
      name: `${input.name}-seed${seed}${file ? "-edited" : ""}`,
      identity: [
        ...[await hashOf(input.source), generatorOf(flags), seed],
        ...(file ? [file.recipe.layer, file.recipe.strokes] : []),
      ],
      generated: true,
      dispose,
    };
  } catch (error) {
    dispose();
    throw error;
  }
}

/** Seed of the order in which photographs are taken: the same in all runs, which go on with it. */
const TURN = 1;

async function photographed(
  input: PhotographsInput,
  extent: SideOptions["extent"],
  { device, size, signal, note }: Tools,
): Promise<Subject> {
  const photos = new Photographs({ ...input, files: inTurn(input.files, TURN) }, { signal, note });
  const first = await photos.first();
  const [height, width] = extent ?? [first.height, first.width];
  const read = (image: number) => photos.read(image);
  return {
    images: photographs(device, { size: Math.min(size, input.files.length), height, width, read }),
    about: input.name,
    name: input.name,
    identity: [input.digest, TURN, height, width],
    generated: false,
    photos,
    dispose: () => {},
  };
}

/** Measures, or takes from the folder what an earlier run measured of the same images. */
export async function measured(subject: Subject, tools: Tools): Promise<KeptFeatures> {
  const { features, segmenter, segmenterHash, folder, progress, signal, note, batch } = tools;
  const what = [subject.identity, features?.kind, segmenter && [segmenter.name, segmenterHash, segmenter.labels]];
  const fingerprint = createHash("sha256").update(JSON.stringify(what)).digest("hex");
  const file = `${fileName(subject.name)}-${fingerprint.slice(0, 8)}.safetensors`;
  const known = await earlier(join(folder.path, file), fingerprint);
  if (known?.skipped) subject.photos?.skip(known.skipped);
  if (known) note(`${Math.min(known.n, subject.images.size)} images of ${subject.about} were measured before.`);
  const whole = (found: Measured): KeptFeatures => ({
    ...found,
    ...(features && { kind: features.kind }),
    ...(segmenter && { segmenter: segmenter.name }),
    images: subject.about,
    extent: [subject.images.height, subject.images.width],
    generated: subject.generated,
    ...(subject.photos && { skipped: subject.photos.skipped }),
    fingerprint,
  });
  const keep = async (found: Measured): Promise<void> => {
    if (found.n > (known?.n ?? 0)) await folder.write(file, writeFeatures(whole(found)));
  };
  const found = await measure(subject.images, {
    ...(features && { features }),
    ...(segmenter && { segmenter }),
    ...(known && { known }),
    ...(batch !== undefined && { batch }),
    onProgress: ({ done, total }) => progress.report(`measure ${subject.about}`, done, total),
    onPartial: keep,
    signal,
  });
  await keep(found);
  if (found.n < 2) {
    const count = found.n === 1 ? "a single image" : "no image";
    throw new PhotoError(`${subject.about} has ${count} that can be read.`, "Give at least two.");
  }
  return whole(found);
}

async function earlier(path: string, fingerprint: string): Promise<KeptFeatures | undefined> {
  if (!existsSync(path)) return undefined;
  const file = await openCheckpoint(await openFile(path));
  const kept = hasFeatures(file) ? await readFeatures(file) : undefined;
  return kept?.fingerprint === fingerprint ? kept : undefined;
}
