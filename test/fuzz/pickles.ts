import { deflateRawSync } from "node:zlib";
import { bytes, le, legacy, p, storage, tensor, zip } from "../weights/fixtures.ts";
import type { Random } from "./random.ts";

const NAMES: readonly (readonly [string, string])[] = [
  ["collections", "OrderedDict"],
  ["collections", "defaultdict"],
  ["torch._utils", "_rebuild_tensor_v2"],
  ["torch._utils", "_rebuild_parameter"],
  ["torch._tensor", "_rebuild_from_type_v2"],
  ["torch.storage", "_load_from_bytes"],
  ["torch", "FloatStorage"],
  ["torch", "Size"],
  ["numpy", "ndarray"],
  ["numpy", "dtype"],
  ["numpy.core.multiarray", "_reconstruct"],
  ["numpy.core.multiarray", "scalar"],
  ["numpy._core.numeric", "_frombuffer"],
  ["_codecs", "encode"],
  ["builtins", "set"],
  ["builtins", "bytearray"],
  ["copyreg", "_reconstructor"],
  ["torch_utils.persistence", "_reconstruct_persistent_obj"],
  ["dnnlib.tflib.network", "Network"],
  ["torch.nn.modules.conv", "Conv2d"],
  ["os", "system"],
  ["constructor", "constructor"],
];
const KEYS = [
  "w",
  "layer1.weight",
  "state_dict",
  "g_ema",
  "G",
  "variables",
  "components",
  "_parameters",
  "_modules",
  "_buffers",
  "name",
  "class_name",
  "state",
  "module.a",
  "const",
  "a.b.c",
];
const FOUR = { key: "0", type: "Float", count: 4 };

/** Opcodes that leave one value, made of others `depth` deep. */
function value(random: Random, depth: number): Uint8Array {
  const inner = (): Uint8Array => value(random, depth - 1);
  const few = (): Uint8Array[] => random.some(5, inner);
  const kinds: (() => Uint8Array)[] = [
    () => p.none,
    () => p.int(random.below(100)),
    () => p.long(BigInt(random.edge())),
    () => bytes(0x8b, le(40, 4), random.bytes(40)),
    () => bytes("G", random.bytes(8)),
    () => p.text(random.one(KEYS)),
    () => p.text("x".repeat(random.one([0, 1, 300, 5000]))),
    () => bytes("U", 4, random.bytes(4)),
    () => bytes("B", le(5000, 4), new Uint8Array(5000)),
    () => bytes("C", 4, random.bytes(4)),
    () => p.global(...random.one(NAMES)),
    () => storage(FOUR),
    () => tensor(FOUR, [random.edge()], [random.one([0, 1, 4])], random.below(3)),
    () => tensor(FOUR, [2, 2], [2, 1]),
    () => bytes("h", random.below(8)),
    () => bytes("q", random.below(8)),
  ];
  if (depth > 0) {
    kinds.push(
      () => p.list(...few()),
      () => p.tuple(...few()),
      () => p.dict(...few().map((each): [string, Uint8Array] => [random.one(KEYS), each])),
      () => bytes("}(", ...few().flatMap((each) => [inner(), each]), "u"),
      () => bytes(0x8f, "(", ...few(), 0x90),
      () => p.call(p.global(...random.one(NAMES)), p.tuple(...few())),
      () => p.call(inner(), inner()),
      () => bytes(inner(), inner(), "b"),
      () => bytes(inner(), inner(), 0x93),
      () => bytes(inner(), "Q"),
      () => bytes(inner(), "q", random.below(8)),
      () => bytes(inner(), "2", random.one([0x85, 0x86, 0x87])),
    );
  }
  return random.one(kinds)();
}

/** Values that hold each other twice, so many times over. */
function shared(random: Random): Uint8Array {
  let inner = value(random, 1);
  const count = random.below(60);
  for (let i = 0; i < count; i += 1) {
    const twice = random.below(3);
    inner =
      twice === 0
        ? bytes("](", inner, "q", i & 255, "h", i & 255, "e")
        : twice === 1
          ? bytes(inner, "q", i & 255, "h", i & 255, 0x86)
          : bytes("}(", p.text("a"), inner, "q", i & 255, p.text("b"), "h", i & 255, "u");
  }
  return inner;
}

/** A piece of opcodes, thousands of times. */
function many(random: Random): Uint8Array {
  const piece = random.chance(0.3) ? random.bytes(1 + random.below(4)) : value(random, 1);
  const times = Math.min(20_000, Math.floor(60_000 / (piece.length || 1)));
  return Uint8Array.from(Buffer.alloc(piece.length * times, piece));
}

/** A pickle as it lies in files of PyTorch, of NVIDIA, or alone. */
export function pickle(random: Random): Uint8Array<ArrayBuffer> {
  const saved = random.one([value, value, value, shared, many])(random, 4);
  const whole = random.chance(0.7) ? p.dict(["w", tensor(FOUR, [4], [1])], [random.one(KEYS), saved]) : saved;
  const container = random.below(5);
  if (container === 0) return legacy(whole, [["0", 4, new Float32Array(4)]]);
  if (container === 1) return p.whole(whole) as Uint8Array<ArrayBuffer>;
  if (container === 2)
    return bytes(
      p.whole(p.long(0x1950a86a20f9469cfc6cn)),
      p.whole(saved),
      p.whole(saved),
      p.whole(whole),
      p.whole(saved),
    );
  const data = p.whole(whole);
  const packed = random.chance(0.5)
    ? { data: new Uint8Array(deflateRawSync(data)), method: 8, size: data.length }
    : { data };
  return zip([
    { name: "m/data.pkl", ...packed },
    { name: "m/data/0", data: new Uint8Array(16) },
  ]);
}
