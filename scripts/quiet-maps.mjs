// What the maps beside dist/'s scripts keep. A debugger and `node --enable-source-maps` show by
// them where one is, line by line, and what stands there; whatever else rollup and terser say takes
// more of the package than that does.
//
// Tests: test/package/package.test.ts

const DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const VALUES = new Map([...DIGITS].map((digit, value) => [digit, value]));

/** Lines that are nothing but comment. */
const COMMENT = /^[ \t]*(?:\/\/|\/\*\*?(?: |$)|\*(?: |\/|$)).*$/gm;
/** Kernels' texts: scripts have them in lines of their own, and nothing in them runs or throws. */
const TEXTS = /\/kernels\/generated\//;

/**
 * The numbers of a segment of a map's `mappings`, Base64 VLQ of ECMA-426 (Source map format), 2024,
 * section "Mappings structure".
 *
 * @param {string} segment
 * @returns {number[]}
 */
function decoded(segment) {
  const numbers = [];
  let [value, shift] = [0, 0];
  for (const digit of segment) {
    const bits = VALUES.get(digit);
    value += (bits & 31) * 2 ** shift;
    shift += 5;
    if (bits & 32) continue;
    numbers.push(value % 2 ? -(value - 1) / 2 : value / 2);
    [value, shift] = [0, 0];
  }
  return numbers;
}

/** @param {number} number */
function encoded(number) {
  let text = "";
  let value = number < 0 ? 1 - 2 * number : 2 * number;
  do {
    text += DIGITS[(value % 32) + (value >= 32 ? 32 : 0)];
    value = Math.floor(value / 32);
  } while (value > 0);
  return text;
}

/**
 * A map with the sources that have code, without comments, and a segment where a line of a script
 * comes from another line of a source than what stands before it. Names of variables, columns of
 * the sources and comments were half of all maps: functions and classes keep their names in the
 * scripts, and what comments say of exports is in the declarations.
 *
 * @param {{ version: number, file?: string, sources: string[], sourcesContent: string[], mappings:
 *   string }} map
 */
export function quiet({ version, file, sources, sourcesContent, mappings }) {
  const kept = [...sources.keys()].filter((source) => !TEXTS.test(sources[source]));
  const places = new Map(kept.map((source, place) => [source, place]));
  let [source, sourceLine] = [0, 0]; // each is counted from the one before it
  let written = [0, 0];
  const lines = mappings.split(";").map((line) => {
    let [column, from] = [0, 0];
    let last;
    const segments = [];
    for (const segment of line === "" ? [] : line.split(",")) {
      const [step, toSource, toLine] = decoded(segment);
      column += step;
      if (toSource === undefined) continue;
      source += toSource;
      sourceLine += toLine;
      const place = places.get(source);
      if (place === undefined || last === `${source}:${sourceLine}`) continue;
      last = `${source}:${sourceLine}`;
      segments.push([column - from, place - written[0], sourceLine - written[1], 0].map(encoded).join(""));
      [from, written] = [column, [place, sourceLine]];
    }
    return segments.join(",");
  });
  return {
    version,
    ...(file !== undefined && { file }),
    sources: kept.map((source) => sources[source]),
    sourcesContent: kept.map((source) => sourcesContent[source].replace(COMMENT, "")),
    names: [],
    mappings: lines.join(";"),
  };
}
