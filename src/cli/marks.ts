// Tests: test/cli/marks.test.ts

import { InvalidArgumentError } from "commander";
import { GanatomyError, UsageError } from "../errors.ts";
import { readTextSync } from "../node/regular-file.ts";
import { checkMarks, type Marks } from "../session/marks.ts";
import { parseJson } from "../weights/json.ts";
import { faultOf } from "./files-read.ts";
import { units } from "./options.ts";
import { checkPath } from "./paths.ts";

/** Units by their numbers, or a file of marks. */
export type UnitsFlag = readonly number[] | Marks;

/** "3,17", "0-9", or "@marks.json". */
export function unitsOrMarks(text: string, before: UnitsFlag = []): UnitsFlag {
  if (!text.startsWith("@")) {
    if (isNumbers(before)) return units(text, before);
  } else if (isNumbers(before) && before.length === 0) {
    return readMarks(text.slice(1));
  }
  throw new InvalidArgumentError("A file of marks stands by itself: give no other units.");
}

const isNumbers = (flag: UnitsFlag): flag is readonly number[] => Array.isArray(flag);

function readMarks(path: string): Marks {
  checkPath(path, { file: true });
  const content = readTextSync(path, (cause) => {
    throw new GanatomyError("not-found", `"${path}" cannot be read (${cause.code}).`, "Check the path.", { cause });
  });
  let given: unknown;
  try {
    given = parseJson(content);
  } catch (cause) {
    throw new GanatomyError("file", `"${path}" is no JSON, as marks are.`, "Save them with artifacts.html.", { cause });
  }
  try {
    return checkMarks(given);
  } catch (error) {
    throw faultOf(path, error);
  }
}

/** Options in which units are numbers, and the layer is that of the marks. */
export type Unmarked<T> = Omit<T, "units"> & { readonly units?: readonly number[]; readonly marks?: Marks };

/** @throws UsageError where another layer is named than that of the marks. */
export function unmarked<T extends { readonly units?: UnitsFlag; readonly layer?: string }>(options: T): Unmarked<T> {
  const { units: flag, ...others } = options;
  if (flag === undefined) return others;
  if (isNumbers(flag)) return { ...others, units: flag };
  if (others.layer !== undefined && others.layer !== flag.layer) {
    throw new UsageError(`The marks are units of ${flag.layer}, not of ${others.layer}.`, "Leave --layer out.");
  }
  return { ...others, layer: flag.layer, units: flag.units, marks: flag };
}

/** Says where marks are of another model: layers alike do not mean units alike. */
export function noteMarks(marks: Marks | undefined, model: string, note: (text: string) => void): void {
  if (!marks || marks.model === model) return;
  note(`The marks are units of "${marks.model}", and this model is "${model}": those of one are not those of another.`);
}
