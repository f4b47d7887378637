import { UsageError } from "../errors.ts";

/**
 * Hands on what was given if it has these methods. What has not is most often the function that
 * makes it, given without being called.
 * @throws UsageError otherwise, which says what to pass.
 */
export function given<T>(value: T, name: string, methods: readonly (keyof T)[], call: string): T {
  if (methods.every((method) => typeof value?.[method] === "function")) return value;
  const what =
    typeof value === "function" ? "a function, not called" : value === undefined ? "missing" : "no such thing";
  throw new UsageError(`What is given as ${name} is ${what}.`, `Pass ${call}.`);
}

/** What `given` says of encoders. */
export const ENCODER = "nodeEncoder() of ganatomy/node, canvasEncoder() of ganatomy/report, or one of your own";
