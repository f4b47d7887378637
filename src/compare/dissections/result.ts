import type { Rule } from "./counting.ts";
import type { DissectedLayer } from "./dissected.ts";

/** A number and its jackknife error, which is unknown where nothing was counted in blocks. */
export interface Estimate {
  readonly value: number;
  readonly error: number | undefined;
}

/** How detectors were counted. */
export interface CountingRule {
  readonly rule: Rule;
  readonly metric: "report" | "iou" | "iqr";
  /** What the score exceeds; reports have two of their own. */
  readonly threshold?: number;
}

/** What one input has. */
export interface ComparedInput
  extends Pick<DissectedLayer, "source" | "model" | "layer" | "rotation" | "untrained" | "units" | "images"> {
  readonly name: string;
  /** All that count, and distinct concepts. */
  readonly detectors: Estimate;
  readonly unique: Estimate;
  readonly categories: readonly {
    readonly category: string;
    readonly detectors: Estimate;
    readonly unique: Estimate;
  }[];
  /** Of the units that detect anything. */
  readonly share: Estimate;
  /** Over units, of each one's best IoU with any concept. */
  readonly medianIou: number;
  readonly iou90: number;
  /** Blocks that errors are from; 0 where there are none. */
  readonly blocks: number;
}

/** The unit that agrees best with a concept, whether it counts or not. */
export interface BestUnit {
  readonly unit: number;
  readonly iou: Estimate;
  readonly iqr: Estimate;
}

/** What an input has of a concept. */
export interface ConceptCell {
  readonly detectors: Estimate;
  /** Undefined where the concept does not occur. */
  readonly best: BestUnit | undefined;
}

export interface Concept {
  readonly name: string;
  readonly category: string;
  /** In the order of inputs. */
  readonly inputs: readonly ConceptCell[];
}

/** A concept that one input alone detects. */
export interface OnlyIn {
  /** Its place among `concepts`. */
  readonly concept: number;
  readonly name: string;
  readonly category: string;
  readonly input: number;
  /**
   * Whether its best unit's score less two errors clears what it must exceed; unknown without
   * errors.
   */
  readonly isNews: boolean | undefined;
}

/** Two inputs; differences are of the second from the first. */
export interface ComparedPair {
  readonly inputs: readonly [number, number];
  /** Whether image i of both is made of the same z, and the same blocks are left out of both. */
  readonly paired: boolean;
  /** Concepts of both in concepts of either. */
  readonly jaccard: Estimate;
  readonly detectors: Estimate;
  readonly unique: Estimate;
}

export interface Comparison {
  readonly rule: CountingRule;
  /** In what inputs differ that they should not; empty unless forced. */
  readonly incomparable: readonly string[];
  readonly inputs: readonly ComparedInput[];
  /** That any input detects. */
  readonly concepts: readonly Concept[];
  readonly onlyInOne: readonly OnlyIn[];
  readonly pairs: readonly ComparedPair[];
}
