import type { Rule } from "./counting.ts";
import type { DissectedLayer } from "./dissected.ts";

/** A number and its jackknife error, which is unknown where nothing was counted in blocks. */
export interface Estimate {
  /** Of all images. */
  readonly value: number;
  /** Standard error by the delete-one-block jackknife. */
  readonly error: number | undefined;
}

/** How detectors were counted. */
export interface CountingRule {
  /** Under how many concepts a unit may count. */
  readonly rule: Rule;
  /** What a unit is judged by; see `CompareOptions`. */
  readonly metric: "report" | "iou" | "iqr";
  /** What the score exceeds; reports have two of their own. */
  readonly threshold?: number;
}

/** What one input has. */
export interface ComparedInput
  extends Pick<DissectedLayer, "source" | "model" | "layer" | "rotation" | "untrained" | "units" | "images"> {
  /** What it is called: as little as tells inputs apart. */
  readonly name: string;
  /** Detections that count. */
  readonly detectors: Estimate;
  /** Distinct concepts among them, summed over categories. */
  readonly unique: Estimate;
  /** The same of each category in which something was detected, by name. */
  readonly categories: readonly {
    /** Such as "object". */
    readonly category: string;
    /** Detections of its concepts. */
    readonly detectors: Estimate;
    /** Distinct concepts among them. */
    readonly unique: Estimate;
  }[];
  /** Units that detect anything, as a part of all, 0…1. */
  readonly share: Estimate;
  /** Median over units of each one's best IoU with any concept. */
  readonly medianIou: number;
  /** The 0.9 quantile of the same. */
  readonly iou90: number;
  /** Blocks that errors are from; 0 where there are none. */
  readonly blocks: number;
}

/** The unit that agrees best with a concept, whether it counts or not. */
export interface BestUnit {
  /** Channel of the layer, from 0. */
  readonly unit: number;
  /** Its IoU with the concept. */
  readonly iou: Estimate;
  /** Its IQR with the concept. */
  readonly iqr: Estimate;
}

/** What an input has of a concept. */
export interface ConceptCell {
  /** Detections of it. */
  readonly detectors: Estimate;
  /** Undefined where the concept does not occur. */
  readonly best: BestUnit | undefined;
}

/** A concept that some input detects, and what each has of it. */
export interface Concept {
  /** The label's name. */
  readonly name: string;
  /** The label's category. */
  readonly category: string;
  /** In the order of inputs. */
  readonly inputs: readonly ConceptCell[];
}

/** A concept that one input alone detects. */
export interface OnlyIn {
  /** Its place among `Comparison.concepts`. */
  readonly concept: number;
  /** The label's name. */
  readonly name: string;
  /** The label's category. */
  readonly category: string;
  /** The input's place among `Comparison.inputs`. */
  readonly input: number;
  /**
   * Whether its best unit's score less two errors clears what it must exceed; unknown without
   * errors.
   */
  readonly isNews: boolean | undefined;
}

/** Two inputs; differences are of the second from the first. */
export interface ComparedPair {
  /** Places among `Comparison.inputs`. */
  readonly inputs: readonly [number, number];
  /** Whether image i of both is made of the same z, and the same blocks are left out of both. */
  readonly paired: boolean;
  /** Concepts that both detect, as a part of those that either does, 0…1; of none 1. */
  readonly jaccard: Estimate;
  /** Detections of the second − of the first. */
  readonly detectors: Estimate;
  /** Distinct concepts of the second − of the first. */
  readonly unique: Estimate;
}

/** Dissected layers beside each other. */
export interface Comparison {
  /** How detectors were counted. */
  readonly rule: CountingRule;
  /** In what inputs differ that they should not; empty unless forced. */
  readonly incomparable: readonly string[];
  /** In the order in which they were given. */
  readonly inputs: readonly ComparedInput[];
  /** Those that any input detects, most detections first. */
  readonly concepts: readonly Concept[];
  /** Concepts that one of several inputs has. */
  readonly onlyInOne: readonly OnlyIn[];
  /** Every two inputs. */
  readonly pairs: readonly ComparedPair[];
}
