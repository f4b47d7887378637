import { UsageError } from "../errors.ts";
import type { CellArea } from "./result.ts";

/** How units' levels are chosen and what counts as a detector, by the papers that say so. */
export interface Rule {
  /** The upper quantile of its level; absent where levels are searched. */
  readonly quantile?: number;
  /**
   * Of which activations a fixed quantile is: the layer's, or those upsampled to the label maps.
   */
  readonly levelsOf: "layer" | "labels";
  /** What IoUs are of: images that hold the label's category, or all. */
  readonly images: "with the category" | "all";
  /** A unit is interpretable if its best concept's scores are greater than these. */
  readonly iou: number;
  /** Absent where the IoU alone decides. */
  readonly iqr?: number;
  /** Edge of label maps as a part of the image's. */
  readonly grid: number;
  /** Absent where cells tile the image, and its borders are theirs. */
  readonly cells?: {
    /** Whose cells lie where their receptive fields do: the others' tile the image. */
    readonly of: "all" | "unpadded";
    /** Whose code says how they lie on label maps. */
    readonly as: "cvpr-2017" | "pnas-2020";
    /** What is around them. */
    readonly outside: CellArea["outside"];
  };
}

/** NetDissect (Bau et al. 2017, §3): label maps of 112 pixels for images of 224. */
const CVPR_2017: Rule = {
  quantile: 0.005,
  levelsOf: "layer",
  images: "with the category",
  iou: 0.04,
  grid: 1 / 2,
  cells: { of: "all", as: "cvpr-2017", outside: "border" },
};

const { cells: _cells, ...NETDISSECT_LITE }: Rule = CVPR_2017;

export const RULES = {
  /** GAN Dissection (Bau et al. 2019, §3.1; spec §3.6). */
  "gan-dissection": { levelsOf: "layer", images: "with the category", iou: 0.05, iqr: 0.01, grid: 1 / 2 },
  "cvpr-2017": CVPR_2017,
  /**
   * NetDissect-Lite means the same, but resizes maps by Pillow, as if their cells tiled the image.
   * It counts activations only in images in which the unit meets some label of the category, so
   * that its IoUs are too high: that is not imitated.
   */
  "netdissect-lite": NETDISSECT_LITE,
  /**
   * Bau et al. 2020, §1: label maps of 56 pixels for images of 224. Its code lays AlexNet's cells
   * by their receptive fields, though of pool5 whichever layer is looked at: that is not imitated.
   */
  "pnas-2020": {
    quantile: 0.01,
    levelsOf: "labels",
    images: "all",
    iou: 0.04,
    grid: 1 / 4,
    cells: { of: "unpadded", as: "pnas-2020", outside: "zeros" },
  },
} as const satisfies Readonly<Record<string, Rule>>;

export type RuleName = keyof typeof RULES;

/** @throws UsageError listing the known rules. */
export function ruleOf(name: RuleName): Rule {
  if (Object.hasOwn(RULES, name)) return RULES[name];
  throw new UsageError(`There is no rule "${name}".`, `Name one of ${Object.keys(RULES).join(", ")}.`);
}
