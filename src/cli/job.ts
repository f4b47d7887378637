import { join } from "node:path";
import type { QuantileThreshold } from "../dissect/result.ts";
import type { RuleName } from "../dissect/rules.ts";
import { UsageError } from "../errors.ts";
import { hashOf } from "../node/hash.ts";
import type { Provenance, WeightsSource } from "../report-json.ts";
import { VERSION } from "../version.ts";
import type { Source } from "../weights/source.ts";
import { type GeneratorFlags, generatorOf } from "./generator-flags.ts";
import type { TuneFlags } from "./gpu.ts";
import { EMBEDDED, EMBEDDED_LAYERS, openLabeller, openModel, SELF, type UnifiedFlags, unifiedOf } from "./models.ts";
import type { Job, JobSettings, SegmenterFiles } from "./run.ts";

/** What `ganatomy dissect` is told. */
export interface DissectOptions extends GeneratorFlags, UnifiedFlags, TuneFlags {
  readonly segmenter?: string;
  readonly layers?: readonly string[];
  readonly size?: number;
  readonly seed: number;
  readonly trainSeed: number;
  readonly quantileThreshold?: QuantileThreshold;
  readonly rule?: RuleName;
  readonly examples: number;
  readonly rotate?: number;
  readonly outdir?: string;
  readonly force?: boolean;
  readonly stripHeight?: number;
  readonly batch?: number;
  /** In MiB. */
  readonly memory?: number;
  readonly json?: boolean;
  readonly chrome?: boolean;
}

/** Opens all files before the long work, so that a wrong path is found out at once. */
export async function openJob(options: DissectOptions, loading: Parameters<typeof openModel>[1]): Promise<Job<Source>> {
  const isEmbedded = options.model === undefined || options.model === EMBEDDED;
  if (!isEmbedded && options.segmenter === undefined) {
    throw new UsageError(
      "Which segmenter? A model of your own needs one that knows what its pictures show.",
      `Give --segmenter DIR, --segmenter ${EMBEDDED} if it draws such scenes, or ${SELF} if it makes tiles.`,
    );
  }
  const model = await openModel(options.model ?? EMBEDDED, loading);
  const segmenter = await openLabeller(options.segmenter ?? EMBEDDED, options);
  return {
    model: { ...model, options: generatorOf(options) },
    segmenter: { ...segmenter, unified: unifiedOf(options) },
    settings: jobSettings(options, isEmbedded),
    ...(options.tune === false && { tune: false }),
    provenance: await provenanceOf(
      options,
      { role: "generator", source: withoutSecrets(options.model ?? EMBEDDED), bytes: model.source.size },
      segmenter.files,
      loading,
    ),
  };
}

/** What the options say of the dissection itself. */
export function jobSettings(options: DissectOptions, isEmbedded: boolean): JobSettings {
  const { stripHeight, batch, memory, rotate } = options;
  return {
    layers: options.layers ?? (isEmbedded ? EMBEDDED_LAYERS : []),
    size: options.size ?? (isEmbedded ? 200 : 1000),
    seed: options.seed,
    trainSeed: options.trainSeed,
    ...(options.quantileThreshold !== undefined && { quantileThreshold: options.quantileThreshold }),
    ...(options.rule !== undefined && { rule: options.rule }),
    examples: options.examples,
    ...(rotate !== undefined && { rotate }),
    ...(batch !== undefined && { batch }),
    ...(memory !== undefined && { memory: memory * 2 ** 20 }),
    ...(stripHeight !== undefined && { stripHeight }),
  };
}

/** Where results come from: the dissected network's file, the segmenter's, and the command. */
export async function provenanceOf(
  options: Pick<DissectOptions, "segmenter">,
  model: WeightsSource,
  segmenter: SegmenterFiles<Source> | undefined,
  { signal }: Parameters<typeof openModel>[1],
): Promise<Provenance> {
  const weights: WeightsSource[] = [model];
  for (const [part, source] of Object.entries(segmenter ?? {}) as [string, Source][]) {
    if (part === "labels") continue;
    // By their contents dissections know whether they looked at the same concepts.
    const sha256 = await hashOf(source, { signal });
    weights.push({
      role: "segmenter",
      source: join(options.segmenter ?? EMBEDDED, source.name),
      sha256,
      bytes: source.size,
    });
  }
  return {
    generator: { name: "ganatomy", version: VERSION },
    created: new Date().toISOString(),
    weights,
    command: ["ganatomy", ...process.argv.slice(2)].map(withoutSecrets).join(" "),
  };
}

/**
 * Reports are passed on: addresses in them lose their passwords and their queries, which often hold
 * a token.
 */
export function withoutSecrets(text: string): string {
  return text.replace(/(https?:\/\/)(?:[^/?#\s@]*@)?([^?#\s]*)[?#]?\S*/gi, "$1$2");
}
