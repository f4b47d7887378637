import { KernelError } from "../errors.ts";

/**
 * One WGSL algorithm as data: its source, the members of its uniform block, and its storage
 * buffers. Written by scripts/wgsl.mjs.
 */
export interface Kernel {
  /** Its file's name, without the ending. */
  readonly name: string;
  /** Complete WGSL, whose `main` is run. */
  readonly source: string;
  /** The 4-byte numbers of the uniform block at binding 0, in order. */
  readonly params: Readonly<Record<string, "u32" | "i32" | "f32">>;
  /** How the storage buffers at bindings 1, 2, … are accessed, in order. */
  readonly bindings: Readonly<Record<string, "read" | "read_write">>;
  /**
   * A type only: the `const` and `alias` declarations, which are the algorithm's parameters, and
   * what they may be.
   */
  readonly choices?: Readonly<Record<string, number | boolean | "f32" | "f16" | undefined>>;
}

/** The constants and types a caller may choose for kernel `K`. */
export type Choices<K extends Kernel> = NonNullable<K["choices"]>;
/** The numbers a run of kernel `K` needs: the members of its uniform block. */
export type Params<K extends Kernel> = { readonly [N in keyof K["params"]]: number };
/** Something for each storage buffer of kernel `K`. */
export type Bindings<K extends Kernel, T> = { readonly [N in keyof K["bindings"]]: T };

/**
 * The kernel's source with the module-scope `const` and `alias` declarations named in `choices`
 * rewritten.
 */
export function specialize(kernel: Kernel, choices: Readonly<Record<string, number | boolean | string>>): string {
  let source = kernel.source;
  for (const [name, value] of Object.entries(choices)) {
    const declaration = new RegExp(`^((?:const|alias)\\s+${name}\\b[^=;]*=)[^;]+;`, "m");
    if (!declaration.test(source)) throw new KernelError(`${kernel.name}.wgsl declares no const or alias "${name}".`);
    source = source.replace(declaration, `$1 ${value};`);
  }
  if (/^alias\s+\w+\s*=\s*f16\s*;/m.test(source)) source = `enable f16;\n${source}`;
  return /\bsubgroup\w+\(/.test(source) ? `enable subgroups;\n${source}` : source;
}

/**
 * The file and line of a line (from 1 on) of a kernel's code, as errors name them: a part that was
 * joined begins with a comment of its name, and directives may stand before the first line.
 */
export function sourceLine(kernel: Kernel, code: string, line: number): string {
  const before = code.split("\n").slice(0, line);
  const part = before.findLastIndex((text) => text.startsWith("// parts/"));
  if (part >= 0) return `${before[part]!.slice("// ".length)}:${line - 1 - part}`;
  return `${kernel.name}.wgsl:${line - before.filter((text) => text.startsWith("enable ")).length}`;
}

/** Bytes of the uniform block; 0 without one. Uniform structs are sized in 16s. */
export function paramsSize(kernel: Kernel): number {
  return Math.ceil(Object.keys(kernel.params).length / 4) * 16;
}

/** The uniform block `params` as the WGSL struct lays it out. */
export function packParams(kernel: Kernel, params: Readonly<Record<string, number>>): Uint8Array<ArrayBuffer> {
  const bytes = new DataView(new ArrayBuffer(paramsSize(kernel)));
  for (const [index, [name, type]] of Object.entries(kernel.params).entries()) {
    const value = params[name];
    if (value === undefined) throw new KernelError(`${kernel.name}.wgsl needs the parameter "${name}".`);
    if (type === "f32") bytes.setFloat32(4 * index, value, true);
    else if (type === "i32") bytes.setInt32(4 * index, value, true);
    else bytes.setUint32(4 * index, value, true);
  }
  return new Uint8Array(bytes.buffer);
}
