// What custom-elements.json says of the elements
// (https://github.com/webcomponents/custom-elements-manifest), read off their classes: accessors
// and methods that are public, and the tags of their comments.
import { readdir, readFile } from "node:fs/promises";
import { basename } from "node:path";
import ts from "typescript";

const ROOM = new URL("../src/elements/", import.meta.url);
/** What a page imports, and what defines the elements. */
const MODULE = "dist/elements/index.js";
const DEFINE = "dist/elements/define.js";

/** What a page never calls by itself. */
const PLATFORM = /^(constructor|connectedCallback|disconnectedCallback|attributeChangedCallback|form\w+Callback)$/;

/** The manifest of all elements. */
export async function manifest() {
  const classes = new Map();
  for (const file of (await readdir(ROOM)).filter((name) => name.endsWith(".ts")).sort()) {
    const text = await readFile(new URL(file, ROOM), "utf8");
    const source = ts.createSourceFile(file, text, ts.ScriptTarget.ES2022, true);
    for (const node of source.statements.filter(ts.isClassDeclaration))
      classes.set(node.name.text, { ...read(node), file });
  }
  const elements = [...classes.values()].filter(({ file }) => file.startsWith("gan-"));
  const declarations = elements.map((element) => declaration(element, classes));
  const exported = (name) => ({ name, module: MODULE });
  return {
    schemaVersion: "2.1.0",
    modules: [
      {
        kind: "javascript-module",
        path: MODULE,
        declarations,
        exports: declarations.map(({ name }) => ({ kind: "js", name, declaration: exported(name) })),
      },
      {
        kind: "javascript-module",
        path: DEFINE,
        exports: declarations.map(({ name, tagName }) => ({
          kind: "custom-element-definition",
          name: tagName,
          declaration: exported(name),
        })),
      },
    ],
  };
}

/** A class by itself. */
function read(node) {
  const parent = node.heritageClauses?.flatMap(({ types }) => types).map(({ expression }) => expression.getText())[0];
  const members = new Map();
  const internal = new Set();
  for (const member of node.members) {
    const name = member.name?.getText();
    const hidden = ts.getCombinedModifierFlags(member) & (ts.ModifierFlags.Protected | ts.ModifierFlags.Private);
    if (!name || name.startsWith("#") || hidden || PLATFORM.test(name)) continue;
    const { text, tags } = commentOf(member);
    if (tags.some(({ tag }) => tag === "internal")) internal.add(name);
    const known = members.get(name);
    if (ts.isSetAccessor(member)) {
      if (known) delete known.readonly;
    } else if (ts.isGetAccessor(member)) {
      members.set(name, { kind: "field", name, ...described(text), ...typed(member.type), readonly: true });
    } else if (ts.isMethodDeclaration(member)) {
      members.set(name, { kind: "method", name, ...described(text), return: typed(member.type) });
    }
  }
  return { name: node.name.text, parent, members, internal, ...commentOf(node) };
}

const described = (description) => (description ? { description } : {});
const typed = (type) => (type ? { type: { text: type.getText() } } : {});

/** A comment's text, and its tags with what follows them. */
function commentOf(node) {
  const comment = ts.getJSDocCommentsAndTags(node).filter(ts.isJSDoc).at(-1)?.getText() ?? "";
  const lines = comment
    .replace(/^\/\*\*|\*\/$/g, "")
    .split("\n")
    .map((line) => line.replace(/^\s*\* ?/, "").trim());
  const [text = "", ...tags] = lines
    .join(" ")
    .split(/(?:^|\s)@(?=\w)/)
    .map((part) => part.trim());
  return {
    text,
    tags: tags.map((tag) => {
      const [, name, rest = ""] = /^(\w+)\s*(.*)$/.exec(tag) ?? [];
      const [head, ...description] = rest.split(" - ");
      const [, what = "", type] = /^(\S*)\s*(?:\{(.*)\})?$/.exec(head.trim()) ?? [];
      return { tag: name, name: what, type, description: description.join(" - ") };
    }),
  };
}

/** A class with all that it inherits from classes of the room. */
function declaration(element, classes) {
  const line = [];
  for (let at = element; at; at = classes.get(at.parent)) line.unshift(at);
  const internal = new Set(line.flatMap(({ internal }) => [...internal]));
  const members = new Map(line.flatMap(({ members }) => [...members]).filter(([name]) => !internal.has(name)));
  const tags = line.flatMap(({ tags }) => tags);
  const tagged = (wanted, make = ({ name, description }) => ({ name, description })) =>
    tags.filter(({ tag }) => tag === wanted).map(make);
  return {
    kind: "class",
    customElement: true,
    name: element.name,
    tagName: basename(element.file, ".ts"),
    description: element.text,
    superclass: { name: "HTMLElement" },
    attributes: tagged("attr", ({ name, description }) => {
      const fieldName = name === "for" ? "htmlFor" : name.replace(/-(\w)/g, (_, letter) => letter.toUpperCase());
      const { type } = members.get(fieldName) ?? {};
      return { name, ...(type && { type, fieldName }), description };
    }),
    members: [...members.values()],
    events: tagged("fires", ({ name, type, description }) => ({ name, type: { text: type }, description })),
    slots: tagged("slot"),
    cssParts: tagged("csspart"),
    cssProperties: tagged("cssprop"),
  };
}
