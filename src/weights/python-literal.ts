import { WeightsError } from "../errors.ts";

/** A string, number, bool or None; tuples and lists as arrays, dicts as Maps. */
export type PythonLiteral = string | number | boolean | null | PythonLiteral[] | Map<PythonLiteral, PythonLiteral>;

/**
 * Strings without escapes, integers (Python 2 adds an L), names and punctuation: all that NumPy
 * writes in a header.
 */
const TOKEN = /\s*(?:'([^'\\]*)'|"([^"\\]*)"|(-?\d+)L?|(True|False|None)|([{}()[\],:]))/y;
/** Structured dtypes nest a little; a header that nests more is an attack on the call stack. */
const MAX_DEPTH = 32;
const WORDS: Readonly<Record<string, boolean | null>> = { True: true, False: false, None: null };

/**
 * Reads the Python literal in a .npy header.
 * @throws WeightsError `weights-format`.
 */
export function parsePythonLiteral(text: string): PythonLiteral {
  const tokens = new Tokens(text.trimEnd());
  const value = parseValue(tokens, 0);
  if (!tokens.ended) throw malformed();
  return value;
}

class Tokens {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  get ended(): boolean {
    return this.#at === this.#text.length;
  }

  /** The next token: a value, or punctuation. */
  next(): { value: string | number | boolean | null } | { mark: string } {
    TOKEN.lastIndex = this.#at;
    const match = TOKEN.exec(this.#text);
    if (!match) throw malformed();
    this.#at = TOKEN.lastIndex;
    const [, single, double, integer, word, mark] = match;
    if (mark !== undefined) return { mark };
    if (integer !== undefined) return { value: Number(integer) };
    if (word !== undefined) return { value: WORDS[word] ?? null };
    return { value: single ?? double ?? "" };
  }

  /** Consumes `mark` if it comes next. */
  accept(mark: string): boolean {
    const before = this.#at;
    const token = this.next();
    if ("mark" in token && token.mark === mark) return true;
    this.#at = before;
    return false;
  }

  expect(mark: string): void {
    if (!this.accept(mark)) throw malformed();
  }
}

function parseValue(tokens: Tokens, depth: number): PythonLiteral {
  if (depth > MAX_DEPTH) throw malformed();
  const token = tokens.next();
  if ("value" in token) return token.value;
  if (token.mark === "{") return parseDict(tokens, depth);
  if (token.mark === "(") return parseItems(tokens, ")", depth);
  if (token.mark === "[") return parseItems(tokens, "]", depth);
  throw malformed();
}

function parseDict(tokens: Tokens, depth: number): Map<PythonLiteral, PythonLiteral> {
  const dict = new Map<PythonLiteral, PythonLiteral>();
  while (!tokens.accept("}")) {
    const key = parseValue(tokens, depth + 1);
    tokens.expect(":");
    dict.set(key, parseValue(tokens, depth + 1));
    if (tokens.accept(",")) continue;
    tokens.expect("}");
    break;
  }
  return dict;
}

function parseItems(tokens: Tokens, close: string, depth: number): PythonLiteral[] {
  const items: PythonLiteral[] = [];
  while (!tokens.accept(close)) {
    items.push(parseValue(tokens, depth + 1));
    if (tokens.accept(",")) continue;
    tokens.expect(close);
    break;
  }
  return items;
}

function malformed(): WeightsError {
  return new WeightsError(
    "weights-format",
    "The header of a NumPy array is damaged.",
    "Download or write the file again.",
  );
}
