import type { ClassImportance, UnitImportance } from "../causality/unit-importance.ts";
import { csvText } from "./csv.ts";

/** Units of a class that are named: PNAS 2020 calls its four most damaging important to it. */
export const IMPORTANT = 4;

/**
 * The units that matter most to a class: at most four, whose absence takes something from its
 * balanced accuracy on the photographs that units are ranked by.
 */
export const importantUnits = ({ order, rankingDrop }: Pick<ClassImportance, "order" | "rankingDrop">): number[] =>
  order.slice(0, IMPORTANT).filter((unit) => rankingDrop[unit]! > 0);

/** What `LAYER/unit-importance.json` holds besides where it comes from. */
export interface ImportanceJson {
  readonly layer: string;
  readonly units: number;
  readonly classes: readonly {
    readonly class: number;
    readonly name: string;
    /** Photographs. */
    readonly ranked: number;
    readonly scored: number;
    /** Of those that are scored. */
    readonly accuracy: number;
    readonly balancedAccuracy: number;
    readonly importantUnits: readonly { readonly unit: number; readonly rankingDrop: number; readonly drop: number }[];
    readonly together: ClassImportance["together"];
  }[];
  /** Means over classes of balanced accuracies. */
  readonly mean: {
    readonly balancedAccuracy: number;
    readonly together: readonly {
      readonly units: number;
      readonly without: number;
      readonly alone: number;
      readonly random: number | null;
    }[];
  };
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

export function toImportance({ layer, units, classes }: UnitImportance): ImportanceJson {
  const sizes = classes[0]?.together ?? [];
  return {
    layer,
    units,
    classes: classes.map((each) => ({
      ...{ class: each.class, name: each.name, ranked: each.ranked, scored: each.scored },
      ...{ accuracy: each.score.recall, balancedAccuracy: each.score.balanced },
      importantUnits: importantUnits(each).map((unit) => ({
        ...{ unit, rankingDrop: each.rankingDrop[unit]!, drop: each.drop[unit]! },
      })),
      together: each.together,
    })),
    mean: {
      balancedAccuracy: mean(classes.map(({ score }) => score.balanced)),
      together: sizes.map((size, at) => {
        const all = classes.map(({ together }) => together[at]!);
        return {
          units: size.units,
          without: mean(all.map(({ without }) => without)),
          alone: mean(all.map(({ alone }) => alone)),
          random: size.random.length === 0 ? null : mean(all.map(({ random }) => mean(random))),
        };
      }),
    },
  };
}

/** `unit-importance.csv`: a row for every unit and class. */
export function importanceCsv({ units, classes }: UnitImportance): string {
  const rows = classes.flatMap((each) => {
    const ranks = new Map(each.order.map((unit, rank) => [unit, rank + 1]));
    return Array.from({ length: units }, (_, unit) => [
      ...[each.class, each.name, unit, ranks.get(unit)!],
      ...[each.rankingDrop[unit]!, each.drop[unit]!],
    ]);
  });
  return csvText([["class", "name", "unit", "rank", "ranking_drop", "drop"], ...rows]);
}
