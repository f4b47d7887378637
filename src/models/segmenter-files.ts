import { LabelsError } from "../errors.ts";
import type { SemanticLabelFile } from "../networks/segmenters/labels.ts";
import type { LabelFile } from "../networks/segmenters/unified.ts";
import type { State } from "../networks/state.ts";
import { readExactly } from "../weights/bytes.ts";
import { openCheckpoint } from "../weights/checkpoint.ts";
import { openSource } from "../weights/open.ts";
import type { LoadOptions, SourceLike } from "../weights/source.ts";
import type { Checkpoint, CheckpointTensor } from "../weights/tensor.ts";
import { onDemand } from "./on-demand.ts";

// Tests: test/networks/segmenters/recognise.test.ts, test/models/own.test.ts,
// test/models/training-checkpoints.test.ts

/**
 * A segmenter's files: encoder and decoder as published, or both in one file with `encoder.` and
 * `decoder.` before the names.
 */
export type SegmenterFiles = (
  | {
      /** The encoder's published file, such as `encoder_epoch_40.pth`. */
      readonly encoder: SourceLike;
      /** The decoder's, such as `decoder_epoch_40.pth`. */
      readonly decoder: SourceLike;
    }
  | {
      /** One file with all weights. */
      readonly weights: SourceLike;
    }
) & {
  /** labels.json, a list of names or a CSV: a file, or its parsed contents. */
  readonly labels: SourceLike | LabelFile | SemanticLabelFile;
};

/** Digests of the files, by their keys. */
type Digests = Readonly<Partial<Record<"encoder" | "decoder" | "weights", string>>> | undefined;

/** The tensors of all files, by the names that they have in one; and the first of them. */
export async function openParts(
  files: SegmenterFiles,
  { sha256, ...options }: Omit<LoadOptions, "sha256"> & { readonly sha256?: Digests },
): Promise<{ readonly first: Checkpoint; readonly state: State }> {
  const open = (key: keyof NonNullable<Digests>, source: SourceLike): Promise<Checkpoint> =>
    openCheckpoint(source, { ...options, sha256: sha256?.[key] });
  if ("weights" in files) {
    const first = await open("weights", files.weights);
    return { first, state: first.tensors };
  }
  const first = await open("encoder", files.encoder);
  const decoder = await open("decoder", files.decoder);
  const state = new Map<string, CheckpointTensor>();
  for (const [part, { tensors }] of [["encoder.", first] as const, ["decoder.", decoder] as const]) {
    // { "decoder": … } is what it says already
    const named = [...tensors.keys()].every((key) => key.startsWith(part));
    for (const [key, tensor] of tensors) state.set(named ? key : part + key, tensor);
  }
  return { first, state };
}

/**
 * What the labels' file says, not yet checked.
 * @throws LabelsError when it is too long, not UTF-8, or no such file.
 */
export const labelsOf = async ({ labels }: SegmenterFiles, options: LoadOptions): Promise<unknown> =>
  isContents(labels) ? labels : await readLabels(labels, options);

/** Parsed contents, rather than a file, a URL or bytes. */
function isContents(labels: SegmenterFiles["labels"]): labels is LabelFile | SemanticLabelFile {
  return typeof labels === "object" && labels !== null && ("object" in labels || "categories" in labels);
}

async function readLabels(like: SourceLike, options: LoadOptions): Promise<unknown> {
  const source = await openSource(like, options);
  if (source.size > 16 * 2 ** 20) {
    throw new LabelsError(`${source.name} is ${source.size} bytes: too long for labels.`, "Give labels.json.");
  }
  const text = utf8(await readExactly(source, 0, source.size, options), source.name);
  const { listedLabels } = await onDemand("segmenters", () => import("../networks/segmenters/label-list.ts"));
  return listedLabels(text, source.name);
}

function utf8(bytes: Uint8Array, name: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new LabelsError(`${name} is not UTF-8.`, "Save it as UTF-8.", { cause });
  }
}
