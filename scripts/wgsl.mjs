// Turns every src/kernels/NAME.wgsl into NAME.wgsl.ts: the source and what reflection says of it, as literal types.
// A kernel file is plain, valid WGSL with one @compute entry point `main`, everything in group 0, an optional
// uniform block `params` at binding 0, and at most 8 storage buffers whose names are the op's argument names.
import { readdir, readFile, writeFile } from "node:fs/promises";
import { WgslReflect } from "wgsl_reflect/wgsl_reflect.module.js";

const KERNELS = new URL("../src/kernels/", import.meta.url);
const DECLARATION = /^(const|alias)\s+(\w+)(?:\s*:\s*\w+)?\s*=\s*([^;]+);/gm;
const MAX_STORAGE_BUFFERS = 8; // the WebGPU default limit per shader stage

/**
 * Without comments, indentation and spaces that separate nothing, which would be a fifth of what users load. Lines stay
 * where they are, for errors. (No spaces are taken from beside = < > and -: joined they would read as other tokens.)
 */
const bare = (source) =>
  source
    .replace(/[ \t]*\/\/.*$/gm, "")
    .replace(/^[ \t]+/gm, "")
    .replace(/ ?([,;(){}*+]) ?/g, "$1");

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
  let paramsSize = 0;
  for (const variable of group) {
    if (!variable) continue;
    if (variable.resourceType === 0) {
      if (variable.binding !== 0 || variable.name !== "params") fail("its uniform must be `params` at binding 0");
      for (const member of variable.type.members) {
        params[member.name] = { offset: member.offset, type: member.type.name };
      }
      paramsSize = Math.ceil(variable.size / 16) * 16;
    } else {
      bindings[variable.name] = { binding: variable.binding, access: variable.access };
    }
  }
  if (Object.keys(bindings).length > MAX_STORAGE_BUFFERS)
    fail(`binds more than ${MAX_STORAGE_BUFFERS} storage buffers`);

  const constants = {};
  const aliases = {};
  for (const [, kind, identifier, value] of source.matchAll(DECLARATION)) {
    const known = kind === "const" ? constants : aliases;
    if (identifier in known) fail(`declares ${identifier} twice`);
    known[identifier] = value.trim();
  }
  return { name, constants, aliases, params, paramsSize, bindings };
}

export async function generate() {
  const files = (await readdir(KERNELS)).filter((file) => file.endsWith(".wgsl"));
  for (const file of files) {
    const source = await readFile(new URL(file, KERNELS), "utf8");
    const { name, ...facts } = describe(file.slice(0, -".wgsl".length), source);
    const kernel = JSON.stringify({ name, source: "", ...facts }, null, 2).replace(
      '"source": ""',
      () => `"source": ${JSON.stringify(bare(source))} as string`,
    );
    // One literal without a spread, which a bundler may drop when nobody uses it; the source's type stays short.
    const text = `// Generated from ${file} by scripts/wgsl.mjs. Do not edit.\nexport default ${kernel} as const;\n`;
    const target = new URL(`${file}.ts`, KERNELS);
    if ((await readFile(target, "utf8").catch(() => "")) !== text) await writeFile(target, text);
  }
  return files;
}

if (process.argv[1] === new URL(import.meta.url).pathname) {
  console.error(`${(await generate()).length} kernels described`);
}
