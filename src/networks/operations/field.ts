import type { AxisName, Extents } from "../../kernels/maps/layout.ts";
import type { Graph, Value } from "../../runtime/graph.ts";
import type { State } from "../state.ts";

// Tests: test/networks/operation-list.test.ts

/** What a field of an operation holds. */
export interface Field<T = unknown> {
  /** For messages: "a whole number from 1 to 65536". */
  readonly described: string;
  /** Whether it names earlier results. */
  readonly results?: true;
  /** It may be left out. */
  readonly optional?: true;
  holds(value: unknown): value is T;
}

const LARGEST = 65536;
const numberFrom = (least: number): Field<number> => ({
  described: `a whole number from ${least} to ${LARGEST}`,
  holds: (value): value is number => Number.isInteger(value) && Number(value) >= least && Number(value) <= LARGEST,
});
const isText = (value: unknown): value is string => typeof value === "string";

export const oneOf = <T extends string>(names: Readonly<Record<T, unknown>>): Field<T> => ({
  described: `one of ${Object.keys(names).join(", ")}`,
  holds: (value): value is T => isText(value) && Object.hasOwn(names, value),
});
export const optional = <T>(field: Field<T>) => ({ ...field, optional: true as const });

export const COUNT = numberFrom(0);
export const POSITIVE = numberFrom(1);
export const NUMBER: Field<number> = {
  described: "a number",
  holds: (value): value is number => Number.isFinite(value),
};
export const YES: Field<boolean> = {
  described: "true or false",
  holds: (value): value is boolean => typeof value === "boolean",
};
export const PREFIX: Field<string> = { described: "the beginning of tensors' names", holds: isText };
export const TENSOR: Field<string> = { described: "the name of a tensor", holds: isText };
export const RESULT: Field<string> = { described: "the name of an earlier result", results: true, holds: isText };
export const RESULTS: Field<readonly string[]> = {
  described: "a list of names of earlier results",
  results: true,
  holds: (value): value is readonly string[] => Array.isArray(value) && value.length > 0 && value.every(isText),
};

const many = <T>(field: Field<T>, described: string, fits: (count: number) => boolean): Field<readonly T[]> => ({
  described,
  holds: (value): value is readonly T[] => Array.isArray(value) && fits(value.length) && value.every(field.holds),
});
export const INTEGER: Field<number> = {
  described: `a whole number from ${-LARGEST} to ${LARGEST}`,
  holds: (value): value is number => Number.isInteger(value) && Math.abs(Number(value)) <= LARGEST,
};
export const EXTENTS = many(POSITIVE, "[channels, rows, columns]", (count) => count === 3) as Field<Extents>;
export const INDICES = many(COUNT, "a list of whole numbers", (count) => count > 0 && count <= LARGEST);
export const PAIR = many(INTEGER, "two whole numbers", (count) => count === 2) as Field<readonly [number, number]>;
export const SIDES = many(INTEGER, "[top, left, bottom, right]", (count) => count === 4) as Field<
  readonly [number, number, number, number]
>;
export const NUMBERS = (count: number): Field<readonly number[]> =>
  many(NUMBER, `${count} numbers`, (given) => given === count);
export const AXIS = oneOf<AxisName>({ c: true, h: true, w: true });
/** Some of the axes, each once, as in "hw". */
export const SOME_AXES: Field<string> = {
  described: "some of the letters c, h and w, each once",
  holds: (value): value is string => isText(value) && /^(?!.*(.).*\1)[chw]+$/.test(value),
};
export const ORDER: Field<string> = {
  described: "the letters c, h and w in the new order",
  holds: (value): value is string => SOME_AXES.holds(value) && value.length === 3,
};

type Fields = Readonly<Record<string, Field>>;
type Held<F> = F extends Field<infer T> ? T : never;
type Needed<F extends Fields> = { [Name in keyof F]: F[Name] extends { optional: true } ? never : Name }[keyof F];

/** A step of a list with these fields; `to` names its result. */
export type Step<F extends Fields> = { readonly to: string } & {
  readonly [Name in Needed<F>]: Held<F[Name]>;
} & { readonly [Name in Exclude<keyof F, Needed<F>>]?: Held<F[Name]> };

/** Where an operation is appended. */
export interface Surroundings {
  readonly graph: Graph;
  readonly state: State;
  /** Images at once. */
  readonly batch: number;
  /** An earlier result, [n, h, w, c]. */
  of(name: string): Value;
  /** The same, but of one image where it is the same for all: a constant. */
  constantOf(name: string): Value;
}

/** What an operation's fields hold and how it is appended to a graph. */
export const operation = <const F extends Fields>(
  fields: F,
  append: (step: Step<F>, around: Surroundings) => Value,
) => ({ fields, append });
