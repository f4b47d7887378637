import { deflateRawSync } from "node:zlib";
import { bytes, le, zip } from "../weights/fixtures.ts";
import type { Random } from "./random.ts";

const TYPES = ["<f4", ">f4", "<f2", "|u1", "<i8", "|O", "<c8", "<U4", "|b1", "V4"];

function shape(random: Random): number[] {
  // nothing, of any extents
  if (random.chance(0.2)) return [random.edge(), random.edge(), 4, 4, 0].map(Math.abs).slice(random.below(4));
  return random.some(5, () => (random.chance(0.6) ? 1 + random.below(4) : random.edge()));
}

/** A header and about as many numbers as it says. */
export function npy(random: Random): Uint8Array<ArrayBuffer> {
  const extents = random.chance(0.1) ? new Array<number>(random.below(5000)).fill(1) : shape(random);
  const count = extents.reduce((product, extent) => product * extent, 1);
  const descr = random.chance(0.9) ? `'${random.one(TYPES)}'` : `[${"('a','<f4'),".repeat(random.below(300))}]`;
  const said = `(${extents.join()}${extents.length === 1 ? "," : ""})`;
  const odd = random.chance(0.1)
    ? random.one(["[".repeat(500), "'".repeat(9), "{".repeat(40), " ".repeat(9000), "1".repeat(400)])
    : "";
  const text = `{'descr': ${descr}, 'fortran_order': ${random.one(["False", "True"])}, 'shape': ${said}, ${odd}}\n`;
  const version = random.one([1, 1, 2, 3, 9]);
  const data = new Uint8Array(count >= 0 && count < 5000 ? count * random.one([4, 4, 1, 8]) : 16);
  return bytes(
    0x93,
    "NUMPY",
    version,
    0,
    le(random.chance(0.9) ? text.length : random.below(70_000), version === 1 ? 2 : 4),
    text,
    data,
  );
}

/** An archive of arrays or of anything, that lies here and there. */
export function archive(random: Random): Uint8Array<ArrayBuffer> {
  const files = random.some(12, (i) => {
    const data = random.chance(0.7)
      ? npy(random)
      : random.chance(0.5)
        ? new Uint8Array(random.below(300_000))
        : random.bytes(40);
    const name = random.one([
      `a${i}.npy`,
      `m/data/${i}`,
      "m/data.pkl",
      "m/byteorder",
      "../a.npy",
      "__proto__.npy",
      "mu.npy",
      "sigma.npy",
    ]);
    const lie = random.chance(0.1) ? { size: Math.abs(random.edge()) % 2 ** 32 } : {};
    const place = random.chance(0.05) ? { header: random.below(500) } : {};
    if (random.chance(0.5)) return { name, data, ...lie, ...place };
    return { name, data: new Uint8Array(deflateRawSync(data)), method: 8, size: data.length, ...lie, ...place };
  });
  return zip(files, { zip64: random.chance(0.2), comment: random.chance(0.1) ? "c".repeat(random.below(2000)) : "" });
}

/** JSON of any kind, `depth` deep, whose keys are these. */
export function anything(random: Random, keys: readonly string[], depth = 4): unknown {
  const kind = random.below(depth > 0 ? 10 : 6);
  if (kind === 0) return random.edge();
  if (kind === 1) return random.one(keys);
  if (kind === 2)
    return random.one([null, true, false, 0.5, -0.001, 1e308, "", "\u0000\u001b[31m", "=1+1", "é".repeat(300)]);
  if (kind < 6) return random.below(10);
  if (kind < 8) return random.some(8, () => anything(random, keys, depth - 1));
  return Object.fromEntries(random.some(8, () => [random.one(keys), anything(random, keys, depth - 1)]));
}

/** Names by which networks are known. */
export const KNOWN: readonly string[] = [
  "layer1.conv.weight",
  "layer2.conv.weight",
  "output_4x4.conv.weight",
  "features.0.conv.weight",
  "4x4/Dense/weight",
  "param_values.0",
  "formatLayer.module.weight",
  "groupScale0.0.module.weight",
  "synthesis/4x4/Conv/StyleMod/weight",
  "synthesis/4x4/Conv/mod_weight",
  "synthesis.b4.const",
  "synthesis.b4.conv1.weight",
  "mapping.fc0.weight",
  "convs.0.conv.modulation.weight",
  "conv1.weight",
  "layer1.0.conv1.weight",
  "fc.weight",
  "features.0.weight",
  "features.10.weight",
  "classifier.1.weight",
  "classifier.6.weight",
  "encoder.conv1.weight",
  "encoder.layer4.0.conv1.weight",
  "decoder.ppm_conv.0.0.weight",
  "decoder.ppm.0.1.weight",
  "decoder.conv_last.weight",
  "main.0.weight",
  "main.3.weight",
];
const HEADER_KEYS = [
  "w",
  "dtype",
  "shape",
  "data_offsets",
  "__metadata__",
  "__proto__",
  "F32",
  "U8",
  "features",
  "ganatomy.features",
  "mu",
  "sigma",
  ...KNOWN,
];

/** A header that describes tensors, mostly right, and their bytes. */
export function safetensors(random: Random): Uint8Array<ArrayBuffer> {
  let at = 0;
  const described = random.some(random.one([6, 6, 400]), (i): [string, unknown] => {
    const [dtype, width] = random.one([
      ["F32", 4],
      ["F16", 2],
      ["U8", 1],
      ["I64", 8],
      ["BOOL", 1],
      ["F8", 1],
    ] as const);
    const extents = random.chance(0.9) ? random.some(4, () => 1 + random.below(3)) : shape(random);
    const start = at;
    at += Math.min(
      1e5,
      Math.max(
        0,
        extents.reduce((product, extent) => product * extent, width),
      ),
    );
    const said = {
      dtype,
      shape: extents,
      data_offsets: random.chance(0.95) ? [start, at] : [random.edge(), random.edge()],
    };
    return [
      random.chance(0.9) ? `w${i}` : random.one(HEADER_KEYS),
      random.chance(0.95) ? said : anything(random, HEADER_KEYS),
    ];
  });
  const odd = random.chance(0.2) ? { [random.one(HEADER_KEYS)]: anything(random, HEADER_KEYS, 6) } : {};
  const head = random.chance(0.03)
    ? "[".repeat(random.below(20_000))
    : JSON.stringify({ ...Object.fromEntries(described), ...odd });
  const length = new TextEncoder().encode(head).length;
  return bytes(le(random.chance(0.95) ? length : Math.abs(random.edge()), 8), head, new Uint8Array(at));
}
