// Turns every kernel of src/kernels and its folders, NAME.wgsl, into
// src/kernels/generated/NAME.wgsl.ts: the source and what reflection says of it, as literal types.
//
// What several kernels share is a part, src/kernels/parts/PART.wgsl. A line
//
//   // use PART
//
// joins it behind the kernel's last line, so that the kernel's lines keep their numbers; the order
// of declarations means nothing in WGSL. Parts may use parts; each joins once. Names that a part
// uses and does not declare are the kernel's.
//
// A kernel with its parts is valid WGSL with one @compute entry point `main`, everything in group
// 0, an optional uniform block `params` of 4-byte numbers at binding 0, and at most 8 storage
// buffers, from binding 1 upwards, whose names are the op's argument names.
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { WgslReflect } from "wgsl_reflect/wgsl_reflect.module.js";

const KERNELS = new URL("../src/kernels/", import.meta.url);
const GENERATED = new URL("generated/", KERNELS);
const USE = /^\/\/ use ([\w-]+)$/gm;
const CHOICE = /^(const|alias)\s+(\w+)(?:\s*:\s*\w+)?\s*=\s*([^;]+);/gm;
const NAMED = /^(?:@group.*?\bvar<[^>]*>|var<\w+>|const|alias|struct|(?:@compute.*\s)?fn)\s+(\w+)/gm;
const MAX_STORAGE_BUFFERS = 8; // the WebGPU default limit per shader stage

/**
 * Without comments, indentation and spaces that separate nothing, which would be a fifth of what
 * users load. Lines stay where they are, for errors. (No spaces are taken from beside < > and -:
 * joined they could read as other tokens.)
 */
export const bare = (source) =>
  source
    .replace(/[ \t]*\/\/.*$/gm, "")
    .replace(/^[ \t]+/gm, "")
    .replace(/((?<!>) )?([=!]=|&&|\|\||[,;:(){}*+=/%&|^]=?) ?/g, "$2");

/**
 * The parts that a source uses, and those that these use, in the order in which they are first
 * named.
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
    throw new Error(`${name}.wgsl: ${why}`);
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

/** The kernels, with their paths from src/kernels, and the parts: their texts by name. */
async function read() {
  const [kernels, parts] = [new Map(), new Map()];
  const paths = (await readdir(KERNELS, { recursive: true })).filter((path) => path.endsWith(".wgsl")).sort();
  for (const path of paths) {
    const [, folder, name] = /^(?:(.*)[/\\])?(.+)\.wgsl$/.exec(path);
    const text = await readFile(new URL(path, KERNELS), "utf8");
    if (folder === "parts") parts.set(name, text);
    else if (kernels.has(name)) throw new Error(`src/kernels has two kernels of the name "${name}"`);
    else kernels.set(name, { path: path.replaceAll("\\", "/"), text });
  }
  return { kernels, parts };
}

const part = (name, text) => `// Generated from parts/${name}.wgsl by scripts/wgsl.mjs. Do not edit.
// (The first line is for errors: it says whose the lines behind it are.)
export default ${JSON.stringify(`// parts/${name}.wgsl\n${bare(text)}`)} as string;
`;

function kernel(name, { path, text }, parts) {
  const used = partsOf(name, text, parts);
  const { choices, ...facts } = describe(name, [text, ...used.map((part) => parts.get(part))].join(""));
  const source = [JSON.stringify(bare(text)), ...used.map((_, index) => `part${index}`)].join(" + ");
  const described = JSON.stringify({ ...facts, source: 0 }, null, 2).replace(
    /"source": 0/,
    () => `"source": (${source}) as string`,
  );
  const imports = used.map((part, index) => `import part${index} from "./parts/${part}.wgsl.ts";\n`);
  const members = Object.entries(choices).map(([choice, type]) => `readonly ${choice}?: ${type}`);
  // What may be chosen is a type only; the source's type stays short.
  return `// Generated from ${path} by scripts/wgsl.mjs. Do not edit.
${imports.join("")}const kernel = ${described} as const;
export default kernel as typeof kernel & { readonly choices?: { ${members.join("; ")} } };
`;
}

/**
 * Writes the modules, and removes those of kernels that are gone; returns the kernels' names. Parts
 * are modules too, so that each is loaded once.
 */
export async function generate() {
  const { kernels, parts } = await read();
  const modules = new Map();
  for (const [name, text] of parts) modules.set(`parts/${name}.wgsl.ts`, part(name, text));
  for (const [name, file] of kernels) modules.set(`${name}.wgsl.ts`, kernel(name, file, parts));
  await mkdir(new URL("parts/", GENERATED), { recursive: true });
  for (const [path, text] of modules) {
    const target = new URL(path, GENERATED);
    if ((await readFile(target, "utf8").catch(() => "")) !== text) await writeFile(target, text);
  }
  for (const path of await readdir(GENERATED, { recursive: true })) {
    if (path.endsWith(".ts") && !modules.has(path.replaceAll("\\", "/"))) await rm(new URL(path, GENERATED));
  }
  return [...kernels.keys()];
}

if (process.argv[1] === new URL(import.meta.url).pathname) {
  console.error(`${(await generate()).length} kernels described`);
}
