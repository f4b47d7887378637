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
  /** An earlier result, [n, h, w, c]. */
  of(name: string): Value;
}

/** What an operation's fields hold and how it is appended to a graph. */
export const operation = <const F extends Fields>(
  fields: F,
  append: (step: Step<F>, around: Surroundings) => Value,
) => ({ fields, append });
