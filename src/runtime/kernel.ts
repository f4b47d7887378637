import { KernelError } from "../errors.ts";

/** One WGSL algorithm as data: its source, the `const` and `alias` declarations that are its parameters, and its bindings. Written by scripts/wgsl.mjs. */
export interface Kernel {
  readonly name: string;
  readonly source: string;
  readonly constants: Readonly<Record<string, string>>;
  readonly aliases: Readonly<Record<string, string>>;
  readonly params: Readonly<Record<string, { readonly offset: number; readonly type: string }>>;
  readonly paramsSize: number;
  readonly bindings: Readonly<Record<string, { readonly binding: number; readonly access: string }>>;
}

/** The constants and types a caller may choose for kernel `K`. */
export type Choices<K extends Kernel> = { readonly [N in keyof K["constants"]]?: number | boolean } & {
  readonly [N in keyof K["aliases"]]?: "f32" | "f16";
};
/** The numbers a run of kernel `K` needs: the members of its uniform block. */
export type Params<K extends Kernel> = { readonly [N in keyof K["params"]]: number };
/** Something for each storage buffer of kernel `K`. */
export type Bindings<K extends Kernel, T> = { readonly [N in keyof K["bindings"]]: T };

/** The kernel's source with the module-scope `const` and `alias` declarations named in `choices` rewritten. */
export function specialize(kernel: Kernel, choices: Readonly<Record<string, number | boolean | string>>): string {
  let source = kernel.source;
  for (const [name, value] of Object.entries(choices)) {
    const declaration = new RegExp(`^((?:const|alias)\\s+${name}\\b[^=;]*=)[^;]+;`, "m");
    if (!declaration.test(source)) throw new KernelError(`${kernel.name}.wgsl declares no const or alias "${name}".`);
    source = source.replace(declaration, `$1 ${value};`);
  }
  return /^alias\s+\w+\s*=\s*f16\s*;/m.test(source) ? `enable f16;\n${source}` : source;
}

/** The uniform block `params` as the WGSL struct lays it out. */
export function packParams(kernel: Kernel, params: Readonly<Record<string, number>>): Uint8Array<ArrayBuffer> {
  const bytes = new DataView(new ArrayBuffer(kernel.paramsSize));
  for (const [name, { offset, type }] of Object.entries(kernel.params)) {
    const value = params[name];
    if (value === undefined) throw new KernelError(`${kernel.name}.wgsl needs the parameter "${name}".`);
    if (type === "f32") bytes.setFloat32(offset, value, true);
    else if (type === "i32") bytes.setInt32(offset, value, true);
    else bytes.setUint32(offset, value, true);
  }
  return new Uint8Array(bytes.buffer);
}
