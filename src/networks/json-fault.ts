import { MAX_DEPTH } from "../weights/json.ts";

// Tests: test/networks/json-fault.test.ts

/** A piece of JSON between which there is only white space. */
const TOKEN =
  /[ \t\r\n]*(?:([{}[\],:])|("(?:[^"\\\p{Cc}]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*")|(-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null))/uy;

/** What may come next, and what is said where something else does. */
const EXPECTED = {
  value: "a value",
  "value or end": "a value or ]",
  key: 'a name in "quotes"',
  "key or end": 'a name in "quotes" or }',
  colon: "a colon",
  "comma in list": "a comma or ]",
  "comma in object": "a comma or }",
  nothing: "nothing more",
} as const;
type Expected = keyof typeof EXPECTED;

/**
 * Where a text is not JSON, and what would be there: "at line 3, column 7, where a comma or } would
 * be". Engines say that in different words, or not at all. For texts that JSON.parse refused.
 */
export function jsonFault(text: string): string {
  let expected: Expected = "value";
  let at = 0;
  const open: string[] = [];
  const behind = (): Expected => {
    const inside = open.at(-1);
    return inside === undefined ? "nothing" : inside === "{" ? "comma in object" : "comma in list";
  };
  while (open.length <= MAX_DEPTH) {
    TOKEN.lastIndex = at;
    const [token, mark, string, word] = TOKEN.exec(text) ?? [];
    const next: Expected | "behind" | undefined =
      token === undefined ? undefined : step(expected, mark ?? (string === undefined ? word! : '"'), open);
    if (next === undefined) break;
    expected = next === "behind" ? behind() : next;
    at += token!.length;
  }
  const start = at + /^[ \t\r\n]*/.exec(text.slice(at))![0].length;
  const lines = text.slice(0, start).split(/\r\n|\r|\n/);
  const why =
    open.length > MAX_DEPTH ? `more than ${MAX_DEPTH} lists and objects are open` : `${EXPECTED[expected]} would be`;
  return `at line ${lines.length}, column ${lines.at(-1)!.length + 1}, where ${why}`;
}

/** What may come behind a token, "behind" a whole value; undefined if it should not be there. */
function step(expected: Expected, token: string, open: string[]): Expected | "behind" | undefined {
  const close = (): "behind" => {
    open.pop();
    return "behind";
  };
  if (expected.startsWith("value")) {
    if (token === "]" && expected === "value or end") return close();
    if (token === "{" || token === "[") {
      open.push(token);
      return token === "{" ? "key or end" : "value or end";
    }
    return /^[}\],:]$/.test(token) ? undefined : "behind";
  }
  if (token === "}" && (expected === "key or end" || expected === "comma in object")) return close();
  if (token === "]" && expected === "comma in list") return close();
  if (token === '"' && expected.startsWith("key")) return "colon";
  if (token === ":" && expected === "colon") return "value";
  if (token === "," && expected === "comma in list") return "value";
  return token === "," && expected === "comma in object" ? "key" : undefined;
}
