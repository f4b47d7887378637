// Tests: test/cli/program.test.ts
import { type Command, Option } from "commander";
import { concepts, UNION } from "../concept.ts";
import type { TuneFlags } from "../gpu.ts";
import { latentsOption } from "../latents.ts";
import type { UnitsFlag } from "../marks.ts";
import type { UnifiedFlags } from "../models.ts";
import { alpha, type InsertedValue, type MaskFlag, mask, seed, size, whole } from "../options.ts";
import { modelOptions, unitOptions } from "../shared-options.ts";

/** What `ganatomy ablate` and `ganatomy insert` are told. */
export interface EditCommandOptions extends UnifiedFlags, TuneFlags {
  readonly model?: string;
  readonly segmenter?: string;
  readonly layer?: string;
  readonly units?: UnitsFlag;
  readonly concept?: readonly string[];
  readonly top: number;
  /** Folder or dissect.json to take the ranking from. */
  readonly dissection?: string;
  readonly metric: string;
  readonly alpha: number;
  readonly value?: InsertedValue;
  readonly mask?: MaskFlag;
  readonly pooling: "max" | "mean";
  /** Undefined: all of the latents. */
  readonly size?: number;
  readonly seed: number;
  /** A file of what the images are made of. */
  readonly latents?: string;
  readonly batch?: number;
  readonly pictures: number;
  readonly outdir?: string;
  readonly force?: boolean;
  readonly json?: boolean;
  readonly curve?: boolean;
  readonly locations?: boolean;
  readonly mixed?: boolean;
  readonly steps?: number;
  readonly random?: number;
  readonly eachUnit?: boolean;
}

/** What is edited and measured. */
export const editOptions = (command: Command): Command =>
  unitOptions(modelOptions(command))
    .option("--concept <name>", `a concept whose units are meant, the best first; ${UNION}`, concepts)
    .option("--alpha <fraction>", "how much of each unit is replaced", alpha, 1)
    .option(
      "--mask <png|bounds>",
      "where: a picture of the images' proportions (what is neither white nor transparent), or top,left,bottom,right",
      mask,
    )
    .addOption(
      new Option("--pooling <how>", "what a layer's cell makes of the mask's pixels in it")
        .choices(["max", "mean"])
        .default("max"),
    )
    .option("--size <n>", "number of images", size, 200)
    .option("--seed <n>", "seed of their z", seed, 3)
    .addOption(latentsOption("edit these images instead"))
    .option("--batch <n>", "images at a time (default: chosen for the adapter)", whole("The batch size", 1, 1024))
    .option(
      "--pictures <n>",
      "images to write before and after; the first 16 also in a strip",
      whole("The number of pictures", 0, 10_000),
      8,
    )
    .option("--json", "print every concept's pixels before and after as JSON on stdout");
