import { readExactly } from "./bytes.ts";
import type { Source } from "./source.ts";

// Tests: test/weights/npz.test.ts, test/weights/pickles.test.ts

/**
 * The same elements with their bytes in the other order. Reads must begin and end at elements, as
 * those of tensors do.
 */
export function swapped(source: Source, width: number): Source {
  return {
    name: source.name,
    size: source.size,
    async read(start, end, options) {
      const bytes = (await readExactly(source, start, end, options)).slice();
      for (let at = 0; at < bytes.length; at += width) bytes.subarray(at, at + width).reverse();
      return bytes;
    },
  };
}
