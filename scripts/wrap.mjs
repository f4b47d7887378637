// Comments end by column 100, and so does every piece of a string that goes on over several lines.
// The formatter, which leaves both alone, has code end by column 120. `npm run lint` runs this;
// with `--write` it wraps comments itself.
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import ts from "typescript";

const COLUMNS = 100;
const ROOT = new URL("../", import.meta.url);
const LINE = /^(\s*)\/\/ ?(.*)$/;
const OPENING = /^(\s*)\/\*\*(?: (.*))?$/;

/**
 * Code with a comment behind it; a string may hold two slashes, but hardly after such an end and a
 * blank.
 */
const BEHIND = /^(\s*)(\S.*[;,{}()[\]>]) +\/\/ (.+)$/;

/**
 * What begins a paragraph of its own: an item of a list, a tag, a table, something indented, a
 * rule.
 */
const STANDS_ALONE = /^(\s|[-*|>#@]|\d+\. |```|biome-ignore|use [\w-]+$|$)/;

/** What is left alone: code and other things indented, tables, quotations, directives, nothing. */
const AS_IT_IS = /^(\s|[|>#]|```|biome-ignore|use [\w-]+$|$)/;

/**
 * What begins an item of a list, or a tag: further lines stand below its first word, or two blanks
 * in.
 */
const ITEM = /^(- |\d+\. |@\w+ )/;

/** Words put into lines of at most `width` characters; code in backquotes and links stay whole. */
function fill(text, width, hanging) {
  const lines = [""];
  for (const word of text.match(/(?:`[^`]*`|\{@link [^}]*\}|\S)+/g) ?? []) {
    const line = lines.at(-1);
    if (line === "") lines[lines.length - 1] = lines.length > 1 ? hanging + word : word;
    else if (line.length + 1 + word.length <= width) lines[lines.length - 1] += ` ${word}`;
    else lines.push(hanging + word);
  }
  return lines;
}

/** A comment's lines, its paragraphs filled anew where one of their lines is too long. */
function wrap(lines, width) {
  const wrapped = [];
  let paragraph = [];
  let inCode = false;
  const flush = () => {
    const [item = ""] = ITEM.exec(paragraph[0] ?? "") ?? [];
    const hanging = item.startsWith("@") ? "  " : item.replace(/./g, " ");
    const tooLong = paragraph.some((line) => line.length > width);
    wrapped.push(...(tooLong ? fill(paragraph.map((line) => line.trim()).join(" "), width, hanging) : paragraph));
    paragraph = [];
  };
  for (const line of lines) {
    const goesOn = /^ {2,3}\S/.test(line) && ITEM.test(paragraph[0] ?? "");
    if (inCode || (STANDS_ALONE.test(line) && !goesOn)) flush();
    if (line.startsWith("```")) inCode = !inCode;
    if (goesOn || (!inCode && !AS_IT_IS.test(line))) paragraph.push(line);
    else wrapped.push(line);
  }
  flush();
  return wrapped;
}

/**
 * The text with its comments wrapped; what stands behind code that leaves no room for it goes
 * before it.
 */
export function wrapComments(text) {
  const lines = text.split("\n");
  const out = [];
  for (let at = 0; at < lines.length; ) {
    const opening = OPENING.exec(lines[at]);
    const [, indent] = opening ?? LINE.exec(lines[at]) ?? [];
    if (indent === undefined) {
      const line = lines[at++];
      const [, before, code, comment] = (line.length > COLUMNS && BEHIND.exec(line)) || [];
      if (code === undefined) out.push(line);
      else
        out.push(...wrap([comment], COLUMNS - before.length - 3).map((line) => `${before}// ${line}`), before + code);
      continue;
    }
    const start = at;
    const body = [];
    if (opening) {
      const ends = () => lines[at].trimEnd().endsWith("*/");
      for (; at < lines.length - 1 && !ends(); at++);
      at++;
      const inside = lines.slice(start, at).join("\n").trim().slice(3, -2).trim();
      // A tag begins a line, where there is more than one.
      const spread = inside.replace(/ (?=@[a-z]+ )/g, "\n");
      body.push(...spread.split("\n").map((line) => line.replace(/^\s*\* ?/, "").trimEnd()));
    } else {
      for (let line = LINE.exec(lines[at]); line?.[1] === indent; line = LINE.exec(lines[++at] ?? ""))
        body.push(line[2]);
    }
    const original = lines.slice(start, at);
    if (original.every((line) => line.length <= COLUMNS)) out.push(...original);
    else if (!opening)
      out.push(...wrap(body, COLUMNS - indent.length - 3).map((line) => `${indent}// ${line}`.trimEnd()));
    else {
      const inside = wrap(body, COLUMNS - indent.length - 3).map((line) => `${indent} * ${line}`.trimEnd());
      out.push(`${indent}/**`, ...inside, `${indent} */`);
    }
  }
  return out.join("\n");
}

/** What goes beyond column 100 and may not: `line: why`. */
export function tooWide(path, text) {
  const found = [];
  const lines = text.split("\n");
  const say = (line, why) => found.push(`${line + 1}: ${why} beyond column ${COLUMNS}`);
  for (const [index, line] of lines.entries())
    if (line.length > COLUMNS && (/^\s*(\/\/|\/?\*)/.test(line) || (path.endsWith(".wgsl") && line.includes("//"))))
      say(index, "a comment");
  if (path.endsWith(".wgsl")) return found;
  const file = ts.createSourceFile(path, text, ts.ScriptTarget.ES2022, true);
  const ends = (position) => file.getLineAndCharacterOfPosition(position);
  const visit = (node) => {
    const { line, character } = ends(node.end);
    const goesOn =
      ts.isBinaryExpression(node.parent ?? file) && node.parent.operatorToken.kind === ts.SyntaxKind.PlusToken;
    const isText =
      ts.isStringLiteral(node) || ts.isTemplateExpression(node) || ts.isNoSubstitutionTemplateLiteral(node);
    if (isText && goesOn && character > COLUMNS && ends(node.getStart()).line === line) say(line, "a string");
    for (const { pos, end } of ts.getTrailingCommentRanges(text, node.end) ?? [])
      if (ends(end).character > COLUMNS && !/^\s*\/\//.test(lines[ends(pos).line])) say(ends(pos).line, "a comment");
    ts.forEachChild(node, visit);
  };
  visit(file);
  return [...new Set(found)];
}

function main() {
  const tracked = execFileSync(
    "git",
    ["ls-files", "--cached", "--others", "--exclude-standard", "src", "test", "bench", "scripts", "examples", "studio"],
    {
      cwd: ROOT,
      encoding: "utf8",
    },
  );
  let faults = 0;
  for (const path of tracked.split("\n").filter((path) => /\.(ts|mjs|js|wgsl)$/.test(path))) {
    const url = new URL(path, ROOT);
    let text;
    try {
      text = readFileSync(url, "utf8");
    } catch {
      continue; // removed, and not committed yet
    }
    if (process.argv.includes("--write")) {
      const wrapped = wrapComments(text);
      if (wrapped !== text) writeFileSync(url, wrapped);
      text = wrapped;
    }
    for (const fault of tooWide(path, text)) {
      console.log(`${path}:${fault}`);
      faults++;
    }
  }
  if (faults > 0) {
    console.log(
      `${faults} too wide; \`node scripts/wrap.mjs --write\` wraps comments that stand on lines of their own.`,
    );
    process.exitCode = 1;
  }
}

if (process.argv[1] === new URL(import.meta.url).pathname) main();
