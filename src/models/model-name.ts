// Tests: test/models/model-name.test.ts

/** File names that say nothing of the model. */
export const GENERIC = /^(generator|model|weights|checkpoint|netG)$/i;

/**
 * What the generator in a file is called, by the file's path or address: "church" for "church.pth",
 * and for "church/generator.pth" too.
 */
export function modelName(path: string): string {
  const [file = "", folder] = path.split(/[\\/]/).reverse();
  const name = file.replace(/(\.index\.json|\.[^.]*)$/, "");
  return GENERIC.test(name) && folder ? folder : name;
}
