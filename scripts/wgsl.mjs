// Turns every src/kernels/NAME.wgsl into NAME.wgsl.ts: the source and what reflection says of it, as
// literal types.
//
// What several kernels share is a part, src/kernels/parts/PART.wgsl. A line
//
//   // use PART
//
// joins it behind the kernel's last line, so that the kernel's lines keep their numbers; the order of
// declarations means nothing in WGSL. Parts may use parts; each joins once. Names that a part uses and
// does not declare are the kernel's.
//
// A kernel with its parts is valid WGSL with one @compute entry point `main`, everything in group 0,
// an optional uniform block `params` of 4-byte numbers at binding 0, and at most 8 storage buffers,
// from binding 1 upwards, whose names are the op's argument names.
import { readdir, readFile, writeFile } from "node:fs/promises";
import { WgslReflect } from "wgsl_reflect/wgsl_reflect.module.js";

const KERNELS = new URL("../src/kernels/", import.meta.url);
const USE = /^\/\/ use ([\w-]+)$/gm;
const CHOICE = /^(const|alias)\s+(\w+)(?:\s*:\s*\w+)?\s*=\s*([^;]+);/gm;
const NAMED = /^(?:@group.*?\bvar<[^>]*>|var<\w+>|const|alias|struct|(?:@compute.*\s)?fn)\s+(\w+)/gm;
const MAX_STORAGE_BUFFERS = 8; // the WebGPU default limit per shader stage

/**
 * Without comments, indentation and spaces that separate nothing, which would be a fifth of what
 * users load. Lines stay where they are, for errors. (No spaces are taken from beside < > and -:
 * joined they could read as other tokens.)
 */
const bare = (source) =>
  source
    .replace(/[ \t]*\/\/.*$/gm, "")
    .replace(/^[ \t]+/gm, "")
    .replace(/((?<!>) )?([=!]=|&&|\|\||[,;:(){}*+=/%&|^]=?) ?/g, "$2");

/**
 * The parts that a source uses, and those that these use, in the order in which they are first named.
 *
 * @param {string} name what uses them, for errors
 * @param {string} source
 * @param {ReadonlyMap<string, string>} parts
 * @returns {string[]}
 */
export function partsOf(name, source, parts) {
  const found = new Set();
  const visit = (user, text) => {
    for (const [, part] of text.matchAll(USE)) {
      if (!parts.has(part))
        throw new Error(`${user}.wgsl uses "${part}", and there is no src/kernels/parts/${part}.wgsl`);
      if (found.has(part)) continue;
      found.add(part);
      visit(`parts/${part}`, parts.get(part));
    }
  };
  visit(name, source);
  return [...found];
}

/** What reflection says of a kernel's whole source. */
export function describe(name, source) {
  const fail = (why) => {
    throw new Error(`src/kernels/${name}.wgsl: ${why}`);
  };
  if (/\boverride\b/.test(source)) fail("uses `override`; use a `const`, which can also size arrays");
  if (/^enable\s/m.test(source)) fail("has an `enable` directive; the runtime adds the one it needs");
  const names = [...source.matchAll(NAMED)].map(([, identifier]) => identifier);
  const twice = names.find((identifier, index) => names.indexOf(identifier) < index);
  if (twice) fail(`declares ${twice} twice`);
  const reflected = new WgslReflect(source);
  const [entry, ...others] = reflected.entry.compute;
  if (!entry || others.length > 0 || entry.name !== "main") fail("needs exactly one @compute entry point, `main`");
  const [group, ...groups] = reflected.getBindGroups();
  if (groups.length > 0) fail("uses more than group 0");

  const params = {};
  const bindings = {};
  for (const variable of group) {
    if (!variable) continue;
    if (variable.resourceType === 0) {
      if (variable.binding !== 0 || variable.name !== "params") fail("its uniform must be `params` at binding 0");
      for (const [index, { name, type, offset }] of variable.type.members.entries()) {
        if (!/^[iuf]32$/.test(type.name) || offset !== 4 * index) fail(`params.${name} is no 4-byte number in a row`);
        params[name] = type.name;
      }
    } else {
      bindings[variable.name] = variable.access;
      if (variable.binding !== Object.keys(bindings).length) fail(`${variable.name} is out of the bindings' order`);
    }
  }
  if (Object.keys(bindings).length > MAX_STORAGE_BUFFERS)
    fail(`binds more than ${MAX_STORAGE_BUFFERS} storage buffers`);

  const choices = {};
  for (const [, kind, identifier, value] of source.matchAll(CHOICE)) {
    choices[identifier] = kind === "alias" ? `"f32" | "f16"` : /^(true|false)$/.test(value) ? "boolean" : "number";
  }
  return { name, params, bindings, choices };
}

/** The .wgsl files of a folder: their texts by name. */
async function readAll(folder) {
  const files = (await readdir(folder)).filter((file) => file.endsWith(".wgsl")).sort();
  const texts = files.map(async (file) => [
    file.slice(0, -".wgsl".length),
    await readFile(new URL(file, folder), "utf8"),
  ]);
  return new Map(await Promise.all(texts));
}

async function write(file, text) {
  const target = new URL(file, KERNELS);
  if ((await readFile(target, "utf8").catch(() => "")) !== text) await writeFile(target, text);
}

/** Writes the modules and returns the kernels' names. Parts are modules too, so that they are loaded once. */
export async function generate() {
  const [kernels, parts] = await Promise.all([readAll(KERNELS), readAll(new URL("parts/", KERNELS))]);
  for (const [part, text] of parts) {
    await write(
      `parts/${part}.wgsl.ts`,
      `// Generated from ${part}.wgsl by scripts/wgsl.mjs. Do not edit.
// (The first line is for errors: it says whose the lines behind it are.)
export default ${JSON.stringify(`// parts/${part}.wgsl\n${bare(text)}`)} as string;
`,
    );
  }
  for (const [name, text] of kernels) {
    const used = partsOf(name, text, parts);
    const { choices, ...facts } = describe(name, [text, ...used.map((part) => parts.get(part))].join(""));
    const source = [JSON.stringify(bare(text)), ...used.map((_, index) => `part${index}`)].join(" + ");
    const kernel = JSON.stringify({ ...facts, source: 0 }, null, 2).replace(
      /"source": 0/,
      () => `"source": (${source}) as string`,
    );
    const members = Object.entries(choices).map(([choice, type]) => `readonly ${choice}?: ${type}`);
    // What may be chosen is a type only; the source's type stays short.
    await write(
      `${name}.wgsl.ts`,
      `// Generated from ${name}.wgsl by scripts/wgsl.mjs. Do not edit.
${used.map((part, index) => `import part${index} from "./parts/${part}.wgsl.ts";\n`).join("")}const kernel = ${kernel} as const;
export default kernel as typeof kernel & { readonly choices?: { ${members.join("; ")} } };
`,
    );
  }
  return [...kernels.keys()];
}

if (process.argv[1] === new URL(import.meta.url).pathname) {
  console.error(`${(await generate()).length} kernels described`);
}
