// Cells of a notebook: code whose variables outlive it. What a cell declares at its top level becomes a property of a
// scope that all cells share; imports and top-level `await` work; lines keep their numbers.

// Tests: test/site/cells.test.ts

import { type Node, type Program, parse } from "acorn";

/** A cell's code, ready to run. */
export interface Prepared {
  /** What it declares, and so what other cells see of it. */
  readonly names: readonly string[];
  /** The body of an async function, in which `$load(name)` gives a module, and `$hold(names)` makes variables constants. */
  readonly body: string;
}

/** What variables live in. */
export type Variables = Record<string, unknown>;

/**
 * Makes declarations of a cell's top level assignments, imports of modules loads, and of an expression at its end what
 * the cell is.
 * @throws SyntaxError as the code has it, with line and column; for `export`, which nothing could import.
 */
export function prepare(code: string): Prepared {
  const { body: statements } = parse(code, { ecmaVersion: "latest", sourceType: "module" }) as Program;
  const names: string[] = [];
  const hoisted: string[] = [];
  const parts: string[] = [];
  const source = ({ start, end }: Pick<Node, "start" | "end">): string => code.slice(start, end);
  let at = 0;
  for (const [index, statement] of statements.entries()) {
    parts.push(code.slice(at, statement.start));
    at = statement.end;
    const text = source(statement);
    if (statement.type === "ImportDeclaration") {
      names.push(...statement.specifiers.map(({ local }) => local.name));
      parts.push(imported(statement, text));
    } else if (statement.type.startsWith("Export")) {
      const line = code.slice(0, statement.start).split("\n").length;
      throw new SyntaxError(
        `A cell has nothing to export to (line ${line}). Leave \`export\` out: other cells see it.`,
      );
    } else if (statement.type === "VariableDeclaration" && /^(const|let|var)$/.test(statement.kind)) {
      const last = statement.declarations.at(-1)!;
      let from = statement.start + statement.kind.length;
      parts.push(";");
      for (const one of statement.declarations) {
        names.push(...namesOf(one.id));
        // Without a value it is undefined, in a cell that is run again too.
        const assigned = one.init ? source({ start: one.id.start, end: one.end }) : `${source(one.id)} = undefined`;
        parts.push(code.slice(from, one.start), "(", assigned, ")");
        from = one.end;
      }
      const held =
        statement.kind === "const"
          ? `$hold(${JSON.stringify(statement.declarations.flatMap(({ id }) => namesOf(id)))});`
          : "";
      parts.push(code.slice(last.end, statement.end), ";", held);
    } else if (statement.type === "FunctionDeclaration") {
      names.push(statement.id.name);
      hoisted.push(statement.id.name);
      parts.push(text);
    } else if (statement.type === "ClassDeclaration") {
      names.push(statement.id.name);
      parts.push(`${statement.id.name} = ${text};`);
    } else if (statement.type === "ExpressionStatement" && index === statements.length - 1) {
      parts.push(`return (${source(statement.expression)}\n);`);
    } else {
      parts.push(text);
    }
  }
  parts.push(code.slice(at));
  const first = hoisted.map((name) => `$cells.${name} = ${name};`).join("");
  return { names: [...new Set(names)], body: first + parts.join("") };
}

type Import = Extract<Program["body"][number], { type: "ImportDeclaration" }>;
type Pattern = Extract<Program["body"][number], { type: "VariableDeclaration" }>["declarations"][number]["id"];

/** On as many lines as it was. */
function imported({ specifiers, source }: Import, text: string): string {
  const name = JSON.stringify(source.value);
  const lines = "\n".repeat(text.split("\n").length - 1);
  const taken = specifiers.map((one) => {
    if (one.type === "ImportNamespaceSpecifier") return `${one.local.name} = await $load(${name});`;
    const key = one.type === "ImportDefaultSpecifier" ? "default" : keyOf(one.imported);
    return `${one.local.name} = (await $load(${name}))[${JSON.stringify(key)}];`;
  });
  return `;${taken.length > 0 ? taken.join("") : `await $load(${name});`}${lines}`;
}

const keyOf = (one: Extract<Import["specifiers"][number], { imported: unknown }>["imported"]): string =>
  one.type === "Identifier" ? one.name : String(one.value);

/** What a pattern declares. */
function namesOf(pattern: Pattern): string[] {
  switch (pattern.type) {
    case "Identifier":
      return [pattern.name];
    case "ObjectPattern":
      return pattern.properties.flatMap((one) => namesOf(one.type === "RestElement" ? one.argument : one.value));
    case "ArrayPattern":
      return pattern.elements.flatMap((one) => (one ? namesOf(one) : []));
    case "RestElement":
      return namesOf(pattern.argument);
    case "AssignmentPattern":
      return namesOf(pattern.left);
    default:
      return [];
  }
}

/**
 * Runs a cell. The names `$cells`, `$load` and `$hold` are taken.
 * @returns the value of the expression that it ends with, if it does.
 */
export async function runCell(
  code: string,
  variables: Variables,
  load: (name: string) => Promise<unknown>,
): Promise<unknown> {
  const { names, body } = prepare(code);
  // A function in strict mode assigns only to what is there; what another cell, or this one before, made a constant is
  // declared anew.
  for (const name of names) {
    Object.defineProperty(variables, name, {
      value: variables[name],
      writable: true,
      enumerable: true,
      configurable: true,
    });
  }
  const hold = (constants: readonly string[]): void => {
    for (const name of constants) {
      const value = variables[name];
      const set = (): never => {
        throw new TypeError(`"${name}" is a constant: it is declared with \`const\`, and only \`let\` lets it change.`);
      };
      Object.defineProperty(variables, name, { get: () => value, set, enumerable: true, configurable: true });
    }
  };
  const make = new Function(
    "$cells",
    "$load",
    "$hold",
    `with ($cells) { return async () => { "use strict";${body}\n}; }`,
  );
  return make(variables, load, hold)();
}
