import { LabelsError } from "../../errors.ts";
import { parseJson } from "../../weights/json.ts";
import type { SemanticLabelFile } from "./labels.ts";

// Tests: test/networks/segmenters/label-list.test.ts

/** Channels of any network, and more. */
const MAX_LABELS = 2 ** 16;

/** The category of labels that come without one. */
const CATEGORY = "object";

/**
 * What a label file says: JSON as it is, or one of the lists that networks of one softmax come
 * with, a name for each channel: a JSON list of names, or semantic-segmentation-pytorch's
 * object150_info.csv, whose row i is channel i − 1 and whose names are synonyms after the first
 * (Idx,Ratio,Train,Val,…,Name).
 * @throws LabelsError for anything else.
 */
export function listedLabels(text: string, file: string): unknown {
  if (/^\s*Idx,/i.test(text)) return asFile(namesOf(text, file), file);
  let parsed: unknown;
  try {
    parsed = parseJson(text);
  } catch (cause) {
    throw new LabelsError(
      `${file} is neither JSON nor a table of names.`,
      "Give labels.json, a JSON list of names, or object150_info.csv; docs/segmenters.md has their forms.",
      { cause },
    );
  }
  if (!Array.isArray(parsed)) return parsed;
  const wrong = parsed.findIndex((name) => typeof name !== "string" || name === "");
  if (wrong >= 0) {
    throw new LabelsError(`Entry ${wrong} of the list in ${file} is no name.`, "Give a name for each channel.");
  }
  return asFile(parsed as string[], file);
}

/** Names of a table with a line of titles, by its columns Idx and Name. */
function namesOf(text: string, file: string): string[] {
  const [titles = [], ...rows] = text
    .replace(/^\uFEFF/, "")
    .split(/\r?\n/)
    .filter((line) => line.trim() !== "")
    .map(cellsOf);
  const [index, name] = ["idx", "name"].map((title) => titles.findIndex((cell) => cell.toLowerCase() === title));
  if (index === undefined || name === undefined || index < 0 || name < 0 || rows.length === 0) {
    throw new LabelsError(`${file} has no rows of Idx and Name.`, "See docs/segmenters.md for its form.");
  }
  return rows.map((cells, row) => {
    const [first = ""] = (cells[name] ?? "").split(";");
    if (Number(cells[index]) === row + 1 && first.trim() !== "") return first.trim();
    throw new LabelsError(
      `Row ${row + 1} of ${file} is ${cells.join()}, not label ${row + 1} with its name.`,
      "Rows are numbered from 1, one for each channel.",
    );
  });
}

/** Cells of a line of CSV; one in quotes may hold commas, and ends with the line at the latest. */
export const cellsOf = (line: string): string[] =>
  [...line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"?|([^,]*))/g)].map(([, quoted, plain = ""]) =>
    (quoted?.replaceAll('""', '"') ?? plain).trim(),
  );

function asFile(names: readonly string[], file: string): SemanticLabelFile {
  if (names.length > MAX_LABELS) {
    throw new LabelsError(`${file} names ${names.length} labels, more than any network has.`, "Name its channels.");
  }
  if (names.length === 0) throw new LabelsError(`The list in ${file} is empty.`, "Give a name for each channel.");
  // A name that is there twice would be one label of two channels.
  const seen = new Set<string>();
  const named = names.map((name, i) => {
    const twice = seen.has(name);
    seen.add(name);
    return twice ? `${name} (${i})` : name;
  });
  return {
    categories: [{ name: CATEGORY }],
    labels: named.map((name) => ({ name, category: CATEGORY })),
  };
}
