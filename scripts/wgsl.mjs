// Turns every src/kernels/NAME.wgsl into NAME.wgsl.ts: the source and what reflection says of it, as literal types.
// A kernel file is plain, valid WGSL with one @compute entry point `main`, everything in group 0, an optional
// uniform block `params` of 4-byte numbers at binding 0, and at most 8 storage buffers, from binding 1 upwards, whose
// names are the op's argument names.
import { readdir, readFile, writeFile } from "node:fs/promises";
import { WgslReflect } from "wgsl_reflect/wgsl_reflect.module.js";

const KERNELS = new URL("../src/kernels/", import.meta.url);
const DECLARATION = /^(const|alias)\s+(\w+)(?:\s*:\s*\w+)?\s*=\s*([^;]+);/gm;
const MAX_STORAGE_BUFFERS = 8; // the WebGPU default limit per shader stage

/**
 * Without comments, indentation and spaces that separate nothing, which would be a fifth of what users load. Lines stay
 * where they are, for errors. (No spaces are taken from beside < > and -: joined they could read as other tokens.)
 */
const bare = (source) =>
  source
    .replace(/[ \t]*\/\/.*$/gm, "")
    .replace(/^[ \t]+/gm, "")
    .replace(/((?<!>) )?([=!]=|&&|\|\||[,;:(){}*+=/%&|^]=?) ?/g, "$2");

export function describe(name, source) {
  const fail = (why) => {
    throw new Error(`src/kernels/${name}.wgsl: ${why}`);
  };
  if (/\boverride\b/.test(source)) fail("uses `override`; use a `const`, which can also size arrays");
  if (/^enable\s/m.test(source)) fail("has an `enable` directive; the runtime adds the one it needs");
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
  for (const [, kind, identifier, value] of source.matchAll(DECLARATION)) {
    if (identifier in choices) fail(`declares ${identifier} twice`);
    choices[identifier] = kind === "alias" ? `"f32" | "f16"` : /^(true|false)$/.test(value) ? "boolean" : "number";
  }
  return { name, params, bindings, choices };
}

export async function generate() {
  const files = (await readdir(KERNELS)).filter((file) => file.endsWith(".wgsl"));
  for (const file of files) {
    const source = await readFile(new URL(file, KERNELS), "utf8");
    const { choices, ...facts } = describe(file.slice(0, -".wgsl".length), source);
    const kernel = JSON.stringify({ ...facts, source: bare(source) }, null, 2).replace(
      /(\n {2}"source": .*)/,
      "$1 as string",
    );
    const members = Object.entries(choices).map(([choice, type]) => `readonly ${choice}?: ${type}`);
    // What may be chosen is a type only; the source's type stays short.
    const text = `// Generated from ${file} by scripts/wgsl.mjs. Do not edit.
const kernel = ${kernel} as const;
export default kernel as typeof kernel & { readonly choices?: { ${members.join("; ")} } };
`;
    const target = new URL(`${file}.ts`, KERNELS);
    if ((await readFile(target, "utf8").catch(() => "")) !== text) await writeFile(target, text);
  }
  return files;
}

if (process.argv[1] === new URL(import.meta.url).pathname) {
  console.error(`${(await generate()).length} kernels described`);
}
