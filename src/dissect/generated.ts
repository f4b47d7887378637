import { tileBytes } from "../kernels/maps/picture.ts";
import type { Generator } from "../models/generator.ts";
import { withoutAlpha } from "../models/images.ts";
import { Scope } from "../runtime/scope.ts";
import type { Dissection } from "./result.ts";
import type { Subject } from "./subject.ts";

// Tests: test/dissect/samples.test.ts, test/dissect/golden.test.ts

/** A generator with rows of z, image i of a seed being the same whatever the size of the set. */
export function generated(generator: Generator): Subject {
  const { name, device, height, width, resolution, uncropped, layers, hiddenLayers } = generator;
  return {
    ...{ name, device, height, width, resolution, uncropped, layers, hiddenLayers },
    layer: (layer) => generator.layer(layer),
    model: modelOf(generator),
    append: (graph, batch) => generator.append(graph, batch),
    async open({ size, seed, batch, layers: retain, bytes, raw, signal }) {
      const depth = (layer: string): number => layers.findIndex((known) => known.name === layer);
      const until = retain.reduce((a, b) => (depth(a) > depth(b) ? a : b));
      const scope = new Scope();
      const making = [
        generator.compile({ batch, retain, bytes, raw, signal }),
        generator.compile({ batch, retain, until, signal }),
      ] as const;
      const [full, part] = await scope.all(making).catch((error) => {
        scope.dispose();
        throw error;
      });
      const rows = chunked(generator, { size, seed });
      const pixels = height * width;
      return {
        image: full.image!,
        raw: full.raw,
        async bring(first, count, image) {
          const plan = image ? full : part;
          plan.run(rows(first, count));
          return { layers: plan.layers, numbers: Array.from({ length: count }, (_, i) => first + i) };
        },
        async bytes(count) {
          const rgba = new Uint8Array((await full.rgba!.read(count * pixels)).buffer);
          return Array.from({ length: count }, (_, i) => withoutAlpha(rgba, i * pixels, pixels));
        },
        dispose: () => scope.dispose(),
      };
    },
  };
}

/** Rows of z that are drawn at once: a million of 512 numbers take 2 GB. */
const CHUNK = 4096;

/** Rows `first`…`first + count − 1` of a seed, drawn many at a time. */
export function chunked(
  generator: Pick<Generator, "sample" | "rowSize">,
  { size, seed }: { readonly size: number; readonly seed: number },
): (first: number, count: number) => Float32Array {
  const { rowSize } = generator;
  let start = 0;
  let rows = new Float32Array(0);
  return (first, count) => {
    if (first < start || (first + count - start) * rowSize > rows.length) {
      start = first;
      rows = generator.sample({ start, size: Math.min(Math.max(CHUNK, count), size - start), seed });
    }
    return rows.subarray((first - start) * rowSize, (first + count - start) * rowSize);
  };
}

/** What results say of a generator. */
function modelOf({ name, resolution, height, width, uncropped, sizes, network }: Generator): Dissection["model"] {
  const made = network.outputs.find(({ kind, range }) => kind === "raw" && range === "tiles");
  const cropped = uncropped[0] !== height || uncropped[1] !== width;
  return {
    name,
    resolution,
    ...(height !== width && { height, width }),
    ...(cropped && { uncropped }),
    ...(made && { tiles: tileBytes(made.channels) }),
    sizes,
  };
}
