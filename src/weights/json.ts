// Tests: test/weights/json.test.ts

/** Lists and objects in each other: descriptions of anything known here have a dozen. */
export const MAX_DEPTH = 64;

/**
 * As JSON.parse, of a file: brackets in brackets without end, which would take a hundred bytes for
 * each, are none.
 * @throws SyntaxError.
 */
export function parseJson(text: string): unknown {
  let [depth, inText] = [0, false];
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === 34) inText = !inText;
    else if (inText) at += Number(code === 92);
    else if ((code | 32) === 123) depth += 1;
    else if ((code | 32) === 125) depth -= 1;
    if (depth > MAX_DEPTH) throw new SyntaxError(`Nested deeper than ${MAX_DEPTH}, at ${at}.`);
  }
  return JSON.parse(text);
}
