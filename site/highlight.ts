// JavaScript in colours, as far as it can be read.

// Tests: test/site/highlight.test.ts

import { type Comment, type Token, tokenizer } from "acorn";

/** A piece of code; all of them make the code again. */
export interface Piece {
  readonly text: string;
  readonly kind?: "keyword" | "string" | "number" | "comment";
}

/** Names that say what code does and are no keywords to a tokenizer. */
const WORDS = new Set(["async", "await", "from", "let", "of"]);

function kindOf({ type, start, end }: Token, code: string): Piece["kind"] {
  if (type.keyword !== undefined) return "keyword";
  if (type.label === "name") {
    const isWord = WORDS.has(code.slice(start, end)) && !/^\s*[:,]/.test(code.slice(end));
    return isWord ? "keyword" : undefined;
  }
  if (type.label === "num") return "number";
  return type.label === "string" || type.label === "template" || type.label === "`" || type.label === "regexp"
    ? "string"
    : undefined;
}

/** Code as pieces of one kind each; what comes behind a mistake has none. */
export function highlighted(code: string): Piece[] {
  const comments: Comment[] = [];
  const marked: { start: number; end: number; kind: NonNullable<Piece["kind"]> }[] = [];
  try {
    for (const token of tokenizer(code, { ecmaVersion: "latest", sourceType: "module", onComment: comments })) {
      const kind = kindOf(token, code);
      if (kind && token.end > token.start) marked.push({ start: token.start, end: token.end, kind });
    }
  } catch {
    // It is being written.
  }
  marked.push(...comments.map(({ start, end }) => ({ start, end, kind: "comment" as const })));
  marked.sort((a, b) => a.start - b.start);
  const pieces: Piece[] = [];
  let at = 0;
  for (const { start, end, kind } of marked) {
    if (start > at) pieces.push({ text: code.slice(at, start) });
    pieces.push({ text: code.slice(start, end), kind });
    at = end;
  }
  if (at < code.length) pieces.push({ text: code.slice(at) });
  return pieces;
}
