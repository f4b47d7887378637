// Tests: test/cli/flags.test.ts

/**
 * Options of the library whose flag is not their own name in kebab-case: another, or a word where
 * there is none.
 */
const OTHERS: Readonly<Record<string, string | undefined>> = {
  convClamp: "--clamp",
  allowNonFinite: "allowNonFinite in the library",
  // of images, which files hold as bytes
  clamp: undefined,
};

/** Options of the library that have a flag of their name, in alphabetical order. */
const SAME: readonly string[] = [
  ...["batch", "classes", "cors", "cutoff", "epochs", "evalSize", "examples", "heads", "key", "lambda", "lod"],
  ...["memory", "network", "noise", "parts", "patch", "pixelNorm", "quantileThreshold", "rate", "searchSize", "seed"],
  ...["segdiv", "sha256", "size", "stride", "token", "trainSeed", "trainSize", "truncation"],
];

const FLAGS: ReadonlyMap<string, string | undefined> = new Map([
  ...SAME.map((name) => [name, `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`] as const),
  ...Object.entries(OTHERS),
]);

/**
 * A message of the library as the command line says it: options, which stand in backticks there,
 * by their flags. One that has none is left out of lists.
 */
export const inFlags = (message: string): string =>
  message
    .replace(/`(\w+)`, /g, (found, name) => (FLAGS.has(name) && FLAGS.get(name) === undefined ? "" : found))
    .replace(/session\.load\(\{ (\w+) \}\)/g, (_, what) => `--${what === "generator" ? "model" : what}`)
    .replace(/`(\w+)`/g, (found, name) => FLAGS.get(name) ?? found);
