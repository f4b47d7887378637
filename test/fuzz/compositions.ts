// Files that cost more than they weigh, made when they are needed: none is kept.
import { deflateRawSync, deflateSync } from "node:zlib";
import {
  int,
  message,
  model,
  type NodeLine,
  tensor as onnxTensor,
  text as onnxText,
  packed,
  TYPE,
} from "../networks/onnx/encode.ts";
import { reportJson, reportUnit } from "../report/report-json.ts";
import { bytes, le, legacy, p, tensor, zip } from "../weights/fixtures.ts";
import type { Kind } from "./openers.ts";
import { chunk, pngOf } from "./png.ts";

/** A file that a reader must refuse, or open, within its budget. */
export interface Composition {
  readonly name: string;
  readonly kind: Kind;
  readonly make: () => Uint8Array<ArrayBuffer>;
}

const MEGABYTES = 1e6;
const json = (value: unknown): Uint8Array<ArrayBuffer> => new TextEncoder().encode(JSON.stringify(value));
const list = <T>(length: number, of: (i: number) => T): T[] => Array.from({ length }, (_, i) => of(i));
const repeated = (what: Uint8Array | string, size: number): Uint8Array<ArrayBuffer> => {
  const filled = new Uint8Array(size);
  const unit = typeof what === "string" ? bytes(what) : what;
  for (let at = 0; at + unit.length <= size; at += unit.length) filled.set(unit, at);
  return filled.subarray(0, Math.floor(size / unit.length) * unit.length) as Uint8Array<ArrayBuffer>;
};

const joined = (parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> => Uint8Array.from(Buffer.concat(parts));
/** As `p.dict`, of more entries than a call has arguments. */
const longDict = (entries: readonly (readonly [string, Uint8Array])[]): Uint8Array =>
  joined([bytes("}("), ...entries.flatMap(([name, value]) => [p.text(name), value]), bytes("u")]);

const deflated = (name: string, data: Uint8Array) => ({
  name,
  data: new Uint8Array(deflateRawSync(data)),
  method: 8,
  size: data.length,
});
const packedPickle = (opcodes: Uint8Array): Uint8Array<ArrayBuffer> =>
  zip([deflated("m/data.pkl", bytes(0x80, 2, opcodes))]);
const bare = (opcodes: Uint8Array): Uint8Array<ArrayBuffer> => bytes(0x80, 2, opcodes, ".");

const FOUR = { key: "0", type: "Float", count: 4 };
const dict = p.global("collections", "OrderedDict");
const dtype = (code: string) => p.call(p.global("numpy", "dtype"), p.tuple(p.text(code)));
const array = (state: Uint8Array) =>
  bytes(p.call(p.global("numpy.core.multiarray", "_reconstruct"), p.tuple(p.global("numpy", "ndarray"))), state, "b");
/** A pickled array of one-byte numbers whose bytes are a text, as Python 2 has them. */
const ofText = (get: Uint8Array, length: number) =>
  array(p.tuple(p.int(1), p.tuple(p.int(length)), dtype("u1"), p.no, get));

/** Opcodes each of which makes something out of a byte or a few. */
const OPCODES: readonly (readonly [string, Uint8Array | string])[] = [
  ["empty dicts", "}"],
  ["empty lists", "]"],
  ["empty sets", bytes(0x8f)],
  ["Nones", "N"],
  ["marks", "("],
  ["floats", bytes("G", 0x3f, 0xf1, 1, 2, 3, 4, 5, 6)],
  ["long integers", bytes(0x8a, 9, 1, 2, 3, 4, 5, 6, 7, 8, 9)],
  ["texts", "X\x03\0\0\0abc"],
  ["strings of Python 2", "U\x03abc"],
  ["bytes of one", "C\x01a"],
  ["names of classes", "ca\nb\n"],
  ["inert objects", "ca\nb\n)\x81".replace("\x81", "R")],
  ["tuples of one", bytes("K", 1, 0x85)],
  ["frozen sets", bytes("(K", 1, 0x91)],
];

const pickles: readonly Composition[] = [
  ...OPCODES.flatMap(([name, unit]): Composition[] => [
    {
      name: `3 kB of zip that are millions of ${name}`,
      kind: "checkpoint",
      make: () => packedPickle(repeated(unit, 3 * MEGABYTES)),
    },
    { name: `a megabyte of ${name}`, kind: "checkpoint", make: () => bare(repeated(unit, MEGABYTES)) },
  ]),
  {
    name: "memo entries, each of its own number",
    kind: "checkpoint",
    make: () => bare(joined([bytes("N"), ...list(200_000, (i) => bytes("r", le(i * 7, 4)))])),
  },
  {
    name: "a long name of a module, with a long name, again and again",
    kind: "checkpoint",
    make: () => {
      const name = p.text("n".repeat(90_000));
      return bare(bytes(name, "q\x01", name, "q\x02", repeated(bytes("h\x01h\x02", 0x93), 500_000)));
    },
  },
  {
    name: "arrays that share a text as their bytes",
    kind: "checkpoint",
    make: () => {
      const text = p.text("t".repeat(90_000));
      const one = ofText(bytes("h\x01"), 90_000);
      return bare(bytes(text, "q\x01", longDict(list(5000, (i) => [`w${i}`, one]))));
    },
  },
  {
    name: "scalars whose bytes are one long text",
    kind: "checkpoint",
    make: () => {
      const scalar = p.call(p.global("numpy.core.multiarray", "scalar"), p.tuple(dtype("f4"), bytes("h\x01")));
      const entries = list(3000, (i): [string, Uint8Array] => [`s${i}`, scalar]);
      const text = bytes(p.text("t".repeat(90_000)), "q\x01");
      return legacy(bytes(text, p.dict(["w", tensor(FOUR, [4], [1])], ...entries)), [["0", 4, new Float32Array(4)]]);
    },
  },
  {
    name: "a dict of a thousand that is copied",
    kind: "checkpoint",
    make: () => {
      const pairs = p.list(...list(1000, (i) => p.tuple(p.int(i), p.none)));
      return bare(bytes(dict, "q\x01", pairs, "q\x02", "0", repeated(bytes("h\x01h\x02", 0x85, "R"), MEGABYTES)));
    },
  },
  {
    name: "one tensor under a hundred thousand names",
    kind: "checkpoint",
    make: () => {
      const names = list(99_000, (i): [string, Uint8Array] => [`w${i}`, bytes("h\x01")]);
      return legacy(bytes(tensor(FOUR, [4], [1]), "q\x01", longDict(names)), [["0", 4, new Float32Array(4)]]);
    },
  },
  {
    name: "names of a hundred dots",
    kind: "checkpoint",
    make: () => {
      const names = list(30_000, (i): [string, Uint8Array] => [`w${i}`, bytes("h\x01")]);
      const leaf = bytes(tensor(FOUR, [4], [1]), "q\x01", "0", p.dict(["a.module.".repeat(25), longDict(names)]));
      return legacy(leaf, [["0", 4, new Float32Array(4)]]);
    },
  },
  {
    name: "a tensor of zero strides",
    kind: "checkpoint",
    make: () => legacy(p.dict(["w", tensor(FOUR, [8192, 8192], [0, 0])]), [["0", 4, new Float32Array(4)]]),
  },
  {
    name: "a thousand tensors of zero strides",
    kind: "checkpoint",
    make: () => {
      const all = list(1000, (i): [string, Uint8Array] => [`w${i}`, tensor(FOUR, [1024, 1024], [0, 0])]);
      return legacy(longDict(all), [["0", 4, new Float32Array(4)]]);
    },
  },
  {
    name: "ten thousand tensors of one storage",
    kind: "checkpoint",
    make: () => {
      const spec = { key: "0", type: "Float", count: 250_000 };
      const shared = bytes(tensor(spec, [250_000], [1]), "q\x01", "0");
      const all = list(9000, (i): [string, Uint8Array] => [`w${i}`, bytes("h\x01")]);
      return legacy(bytes(shared, longDict(all)), [["0", 250_000, new Float32Array(250_000)]]);
    },
  },
  {
    name: "lists that hold each other twice, 2³⁰ paths, as what a version is",
    kind: "checkpoint",
    make: () => {
      let bomb = bytes("]");
      for (let i = 0; i < 30; i += 1) bomb = bytes("](", bomb, "q", i, "h", i, "e");
      return bytes(p.whole(p.long(0x1950a86a20f9469cfc6cn)), p.whole(bomb), p.whole(p.dict()));
    },
  },
];

const header = (shape: string, descr = "'<f4'"): Uint8Array => {
  const text = `{'descr': ${descr}, 'fortran_order': False, 'shape': ${shape}, }\n`;
  return bytes(0x93, "NUMPY", 2, 0, le(text.length, 4), text);
};

/** Hundreds of entries of the same bytes. */
function alike(data: Uint8Array): Uint8Array<ArrayBuffer> {
  const packed = deflated("", data);
  return zip(list(400, (i) => ({ ...packed, name: `a${i}.npy` })));
}

const archives: readonly Composition[] = [
  {
    name: "hundreds of .npy with headers of a megabyte",
    kind: "checkpoint",
    make: () => alike(header(`(${"1,".repeat(480_000)})`)),
  },
  {
    name: "hundreds of .npy with headers of spaces",
    kind: "checkpoint",
    make: () => alike(header(`(0,${" ".repeat(900_000)})`)),
  },
  {
    name: "a structured type of .npy, of many fields",
    kind: "checkpoint",
    make: () => header("(0,)", `[${"('a','<f4'),".repeat(70_000)}]`) as Uint8Array<ArrayBuffer>,
  },
  {
    name: "an array of zeros, deflated a thousandfold",
    kind: "checkpoint",
    make: () => zip([deflated("a.npy", bytes(header("(40000000,)"), new Uint8Array(160e6)))]),
  },
  {
    name: "a hundred thousand entries of an archive",
    kind: "checkpoint",
    make: () => {
      const directory = list(100_000, (i) =>
        bytes(
          "PK\x01\x02",
          le(20, 2),
          le(20, 2),
          le(0, 2),
          le(0, 2),
          new Uint8Array(20),
          le(6, 2),
          new Uint8Array(12),
          le(i, 4),
          `${i}`.padStart(6, "0"),
        ),
      );
      const all = joined([bytes("PK\x03\x04"), ...directory]);
      return bytes(all, "PK\x05\x06", le(0, 4), le(34464, 2), le(34464, 2), le(all.length - 4, 4), le(4, 4), le(0, 2));
    },
  },
];

const safetensors = (head: string): Uint8Array<ArrayBuffer> =>
  bytes(le(new TextEncoder().encode(head).length, 8), head);
const EMPTY = '{"dtype":"F32","shape":[0],"data_offsets":[0,0]}';
const headers: readonly Composition[] = [
  { name: "five megabytes of brackets", kind: "checkpoint", make: () => safetensors(`{"a":${"[".repeat(5e6)}`) },
  {
    name: "five megabytes of brackets that are closed",
    kind: "checkpoint",
    make: () => safetensors(`{"a":${"[".repeat(2.5e6)}${"]".repeat(2.5e6)}}`),
  },
  {
    name: "objects in objects",
    kind: "checkpoint",
    make: () => safetensors(`${'{"a":'.repeat(1e6)}1${"}".repeat(1e6)}`),
  },
  { name: "empty lists", kind: "checkpoint", make: () => safetensors(`{"a":[${"[],".repeat(2e6)}[]]}`) },
  {
    name: "objects of a key of their own",
    kind: "checkpoint",
    make: () => safetensors(`{"a":[${list(400_000, (i) => `{"k${i}":1}`).join()}]}`),
  },
  {
    name: "a hundred thousand empty tensors",
    kind: "checkpoint",
    make: () => safetensors(`{${list(100_000, (i) => `"w${i}":${EMPTY}`).join()}}`),
  },
  {
    name: "empty tensors called as a StyleGAN's",
    kind: "checkpoint",
    make: () =>
      safetensors(
        `{${[...list(60_000, (i) => `synthesis.b${i}.conv0.affine.weight`), "synthesis.b4.const", "mapping.fc0.weight"].map((n) => `"${n}":${EMPTY}`).join()}}`,
      ),
  },
  {
    name: "a shape of a million extents",
    kind: "checkpoint",
    make: () => safetensors(`{"a":{"dtype":"F32","shape":[${"1,".repeat(1e6)}1],"data_offsets":[0,4]}}`),
  },
  {
    name: "metadata that is a list of operations of many steps",
    kind: "checkpoint",
    make: () => {
      const operations = list(60_000, () => ({ op: "relu" }));
      const metadata = { "ganatomy.operations": JSON.stringify({ architecture: "a", operations }) };
      return safetensors(JSON.stringify({ __metadata__: metadata }));
    },
  },
];

const ints = (name: string, ...values: readonly number[]) => onnxTensor(name, [values.length], values, TYPE.int64);
const chain = (count: number, line: (from: string, to: string) => NodeLine): NodeLine[] =>
  list(count, (i) => line(i === 0 ? "c" : `c${i}`, `c${i + 1}`));
const graph = (...fields: Uint8Array[]) =>
  bytes(int(1, 8), message(7, ...fields), message(8, onnxText(1, ""), int(2, 17)));
const networks: readonly Composition[] = [
  { name: "a megabyte of empty nodes", kind: "network", make: () => graph(repeated(bytes(0x0a, 0), MEGABYTES)) },
  { name: "a megabyte of empty initialisers", kind: "network", make: () => graph(repeated(bytes(0x2a, 0), MEGABYTES)) },
  { name: "a megabyte of inputs", kind: "network", make: () => graph(repeated(bytes(0x5a, 2, 0x12, 0), MEGABYTES)) },
  {
    name: "a megabyte of fields nobody knows",
    kind: "network",
    make: () => graph(repeated(bytes(0x80, 1, 0), MEGABYTES)),
  },
  {
    name: "an attribute of two million integers",
    kind: "network",
    make: () =>
      graph(message(1, onnxText(4, "Reshape"), message(5, onnxText(1, "a"), packed(8, new Array(2e6).fill(1))))),
  },
  {
    name: "constants of many elements, one made of the other",
    kind: "network",
    make: () =>
      model({
        nodes: [["ConstantOfShape", ["s"], ["c"]], ...chain(2000, (from, to) => ["Add", [from, "c"], [to]])],
        weights: [ints("s", 1, 1000, 1000)],
        inputs: { x: [1, 4, 1, 1] },
        outputs: ["c2000"],
      }),
  },
  {
    name: "a constant that doubles",
    kind: "network",
    make: () =>
      model({
        nodes: chain(40, (from, to) => ["Concat", [from, from], [to], { axis: 0 }]),
        weights: [ints("c", 1, 2, 3, 4)],
        inputs: { x: [1, 4, 1, 1] },
        outputs: ["c40"],
      }),
  },
  {
    name: "twenty thousand operations one after the other",
    kind: "network",
    make: () =>
      model({
        nodes: list(20_000, (i) => ["Relu", [i === 0 ? "x" : `r${i}`], [`r${i + 1}`]]),
        inputs: { x: [1, 4, 8, 8] },
        outputs: ["r20000"],
      }),
  },
];

const labelled = (labels: number, categories: number, masked = false) => ({
  categories: list(categories, (i) => ({ name: `c${i}`, ...(masked && i > 0 && { mask: "l0" }) })),
  labels: list(labels, (i) => ({ name: `l${i}`, category: `c${i % categories}` })),
});
const labels: readonly Composition[] = [
  { name: "20,000 labels in as many categories", kind: "labels", make: () => json(labelled(20_000, 20_000)) },
  { name: "600 masked categories", kind: "labels", make: () => json(labelled(20_000, 600, true)) },
  { name: "a list of 300,000 names", kind: "labels", make: () => json(list(300_000, (i) => `n${i}`)) },
  { name: "brackets for labels", kind: "labels", make: () => bytes("[".repeat(5e6)) },
  {
    name: "a table of 200,000 names",
    kind: "labels",
    make: () => bytes(`Idx,Name\n${list(200_000, (i) => `${i + 1},n${i}`).join("\n")}`),
  },
  { name: "a table whose quotes do not end", kind: "labels", make: () => bytes(`Idx,Name\n${',"a'.repeat(1e6)}`) },
  { name: "spaces for labels", kind: "labels", make: () => bytes(" ".repeat(5e6)) },
  {
    name: "objects that all have all parts",
    kind: "labels",
    make: () => {
      const objects = ["-", ...list(3000, (i) => `o${i}`)];
      return json({ object: objects, object_part: Object.fromEntries(objects.map((name) => [name, ["-", "a", "b"]])) });
    },
  },
];

const reports: readonly Composition[] = [
  {
    name: "a layer of units that each detect a label of their own",
    kind: "report",
    make: () =>
      json(
        reportJson({
          model: "m",
          labels: [{ name: "-", category: "object" }, ...list(10_000, (i) => ({ name: `l${i}`, category: "object" }))],
          layers: [{ layer: "layer1", units: list(10_000, (i) => reportUnit(i, i + 1)) }],
        }),
      ),
  },
  {
    name: "a report of one name in many categories",
    kind: "report",
    make: () =>
      json(reportJson({ model: "m", labels: list(50_000, (i) => ({ name: "a", category: `c${i}` })), layers: [] })),
  },
  { name: "brackets for a report", kind: "report", make: () => bytes("[".repeat(5e6)) },
  { name: "quotes for a report", kind: "report", make: () => bytes('"\\'.repeat(2e6)) },
  {
    name: "rankings of a layer without units",
    kind: "report",
    make: () =>
      json({
        netname: "m",
        layers: [{ layer: "l", units: [], rankings: list(100_000, (i) => ({ name: `r${i}`, score: [] })) }],
      }),
  },
];

const recipes: readonly Composition[] = [
  { name: "brackets for a recipe", kind: "recipe", make: () => bytes("[".repeat(5e6)) },
  { name: "brackets for a recipe that is short enough", kind: "recipe", make: () => bytes("[".repeat(1e6)) },
  {
    name: "a link that inflates a thousandfold",
    kind: "recipe",
    make: () => bytes(deflateRawSync(Buffer.alloc(200e6, "[")).toString("base64url")),
  },
];

const png = (width: number, height: number, packed: Uint8Array, depth = 8, color = 0): Uint8Array<ArrayBuffer> =>
  pngOf({ width, height, depth, color }, [chunk("IDAT", packed)]);
const pictures: readonly Composition[] = [
  {
    name: "a PNG of a hundred megapixels of one grey",
    kind: "photo",
    make: () => png(10_000, 10_000, deflateSync(Buffer.alloc(10_001 * 10_000))),
  },
  {
    name: "a PNG of 16 megapixels of 16 bits",
    kind: "photo",
    make: () => png(4096, 4096, deflateSync(Buffer.alloc(32_769 * 4096)), 16, 6),
  },
  {
    name: "a mask of a hundred megapixels",
    kind: "masks",
    make: () => png(10_000, 10_000, deflateSync(Buffer.alloc(10_001 * 10_000))),
  },
  {
    name: "a PNG of a pixel that unpacks to gigabytes",
    kind: "photo",
    make: () => png(1, 1, deflateSync(Buffer.alloc(200e6))),
  },
  {
    name: "a PNG of a million empty chunks",
    kind: "photo",
    make: () => bytes(png(1, 1, bytes()).subarray(0, 33), repeated(chunk("IDAT", bytes()), 5e6)),
  },
  { name: "labels of masks, 200,000", kind: "masks", make: () => json(["-", ...list(200_000, (i) => `n${i}`)]) },
  { name: "brackets for masks' labels", kind: "masks", make: () => bytes("[".repeat(5e6)) },
];

const states: readonly Composition[] = [
  { name: "ten megabytes of empty lines", kind: "state", make: () => repeated("\n", 10e6) },
  {
    name: "lines that are no JSON",
    kind: "state",
    make: () => bytes('{"kind":"dissect","files":[]}\n', repeated("x\n", 5e6)),
  },
  { name: "brackets for a state", kind: "state", make: () => bytes("[".repeat(5e6)) },
  {
    name: "a state in brackets",
    kind: "state",
    make: () => bytes(`{"format":"ganatomy part 2","sha256":"","state":${"[".repeat(2e6)}${"]".repeat(2e6)}}`),
  },
  {
    name: "a state of many empty tables",
    kind: "state",
    make: () =>
      json({
        format: "ganatomy part 2",
        about: {},
        at: "x",
        done: 0,
        tables: list(300_000, (i) => [`${i}`, "Uint8Array", 0]),
        sha256: "",
      }),
  },
];

const descriptions: readonly Composition[] = [
  {
    name: "a description of 60,000 steps",
    kind: "description",
    make: () => json({ z: 4, image: [4, 1, 1], range: "tiles", operations: list(60_000, () => ({ op: "relu" })) }),
  },
  { name: "brackets for a description", kind: "description", make: () => bytes("[".repeat(5e6)) },
  {
    name: "a description with brackets behind it",
    kind: "description",
    make: () => bytes(`{"z":${"[1,".repeat(1e6)}`),
  },
];

export const COMPOSITIONS: readonly Composition[] = [
  ...pickles,
  ...archives,
  ...headers,
  ...networks,
  ...labels,
  ...reports,
  ...recipes,
  ...pictures,
  ...states,
  ...descriptions,
];
