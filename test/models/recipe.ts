import type { State } from "../../src/networks/state.ts";
import { RandomState } from "../../src/weights/random.ts";
import type { CheckpointTensor } from "../../src/weights/tensor.ts";

// The golden files' recipe: n = RandomState(crc32(key)).standard_normal(…) in float32, scaled by
// what the key is.

const CRC = Uint32Array.from({ length: 256 }, (_, n) => {
  let c = n;
  for (let k = 0; k < 8; k += 1) c = c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1;
  return c >>> 0;
});

function crc32(text: string): number {
  let c = 0xffffffff;
  for (const byte of new TextEncoder().encode(text)) c = CRC[(c ^ byte) & 255]! ^ (c >>> 8);
  return (c ^ 0xffffffff) >>> 0;
}

/** The recipe's normals for a key, in float32. */
export const normals = (key: string | number, count: number): Float32Array =>
  new Float32Array(new RandomState(typeof key === "number" ? key : crc32(key)).standardNormal(count));

/** The recipe's image [n, 3, h, w], as [n, h, w, 4]. */
export function imageOf(n: number, height: number, width: number): Float32Array<ArrayBuffer> {
  const grid = (name: string, cell: number) => {
    const [rows, columns] = [Math.ceil(height / cell), Math.ceil(width / cell)];
    const values = normals(`image ${name}`, n * 3 * rows * columns);
    return (i: number, c: number, y: number, x: number) =>
      values[((i * 3 + c) * rows + Math.floor(y / cell)) * columns + Math.floor(x / cell)]!;
  };
  const [coarse, fine] = [grid("coarse", 16), grid("fine", 4)];
  const pixels = new Float32Array(n * height * width * 4);
  for (let at = 0; at < pixels.length; at += 1) {
    const c = at % 4;
    const p = Math.floor(at / 4);
    const [x, y, i] = [p % width, Math.floor(p / width) % height, Math.floor(p / width / height)];
    if (c < 3) {
      const value = Math.fround(Math.fround(0.5 * coarse(i, c, y, x)) + Math.fround(0.25 * fine(i, c, y, x)));
      pixels[at] = Math.min(1, Math.max(-1, value));
    }
  }
  return pixels;
}

/** A segmenter's state of given keys and shapes, whose names begin with `prefix`. */
export function stateOf(prefix: string, shapes: readonly (readonly [string, readonly number[]])[]): State {
  return new Map(
    shapes.map(([key, shape]) => {
      const scale = f(Math.sqrt(2 / (shape.slice(1).reduce((a, b) => a * b, 1) || 1)));
      const rule =
        shape.length === 4 || shape.length === 2
          ? (n: number) => f(n * scale)
          : key.endsWith("running_var")
            ? (n: number) => f(1 + f(f(0.1) * Math.abs(n)))
            : key.endsWith("running_mean") || key.endsWith("bias")
              ? (n: number) => f(f(0.1) * n)
              : (n: number) => f(1 + f(f(0.1) * n));
      return [prefix + key, tensor(key, shape, rule)] as const;
    }),
  );
}

/** Float32 rounding after every operation, as NumPy computes on float32 arrays. */
const f = Math.fround;

function tensor(key: string, shape: readonly number[], scale: (n: number) => number): CheckpointTensor {
  return {
    name: key,
    dtype: "float32",
    shape,
    async read() {
      const values = normals(
        key,
        shape.reduce((a, b) => a * b, 1),
      );
      // A loop: `map` and `from` take forty times as long, and there are 72 million numbers.
      for (let i = 0; i < values.length; i += 1) values[i] = scale(values[i]!);
      return values;
    },
  };
}

/** A Progressive GAN: conv weights n, biases 0.1 n. */
export function proganState(sizes: readonly number[]): State {
  const state = new Map<string, CheckpointTensor>();
  const add = (name: string, out: number, into: number, kernel: number): void => {
    state.set(
      `${name}.conv.weight`,
      tensor(`${name}.conv.weight`, [out, into, kernel, kernel], (n) => n),
    );
    state.set(
      `${name}.wscale.b`,
      tensor(`${name}.wscale.b`, [out], (n) => f(f(0.1) * n)),
    );
  };
  for (let i = 1; i <= 2 * (sizes.length - 1); i += 1) {
    const into = sizes[Math.floor(i / 2)]!;
    add(`layer${i}`, sizes[Math.ceil(i / 2)]!, into, i === 1 ? 4 : 3);
  }
  const resolution = 4 * 2 ** (sizes.length - 2);
  add(`output_${resolution}x${resolution}`, 3, sizes.at(-1)!, 1);
  return state;
}

/**
 * A StyleGAN2 by ADA's names, with skips, of these channels at 4×4, 8×8, …: weights and noise n,
 * the mapping's 100 n, biases 0.1 n, those of styles around 1, strengths of noise 0.1 n.
 */
export function styleganState(widths: readonly number[], size = 512, layers = 8): State {
  const state = new Map<string, CheckpointTensor>();
  const add = (key: string, shape: readonly number[], rule: (n: number) => number = (n) => n): void => {
    state.set(key, tensor(key, shape, rule));
  };
  const bias = (n: number): number => f(f(0.1) * n);
  const layer = (key: string, out: number, into: number, kernel: number): void => {
    add(`${key}.weight`, [out, into, kernel, kernel]);
    add(`${key}.bias`, [out], bias);
    add(`${key}.affine.weight`, [into, size]);
    add(`${key}.affine.bias`, [into], (n) => f(1 + bias(n)));
  };
  for (let i = 0; i < layers; i += 1) {
    add(`mapping.fc${i}.weight`, [size, size], (n) => f(100 * n));
    add(`mapping.fc${i}.bias`, [size], bias);
  }
  add("mapping.w_avg", [size], bias);
  add("synthesis.b4.const", [widths[0]!, 4, 4]);
  widths.forEach((width, step) => {
    const edge = 4 * 2 ** step;
    const block = `synthesis.b${edge}`;
    for (const name of step === 0 ? ["conv1"] : ["conv0", "conv1"]) {
      const key = `${block}.${name}`;
      layer(key, width, name === "conv0" ? widths[step - 1]! : width, 3);
      add(`${key}.noise_const`, [edge, edge]);
      add(`${key}.noise_strength`, [], bias);
    }
    layer(`${block}.torgb`, 3, width, 1);
  });
  return state;
}

/** A UPerNet with bottleneck blocks: He-scaled convolutions, batch norms near the identity. */
export function upernetState(config: {
  readonly blocks: readonly number[];
  readonly stem: readonly [number, number, number];
  readonly planes: number;
  readonly width: number;
  readonly heads: Readonly<Record<string, number>>;
}): Map<string, CheckpointTensor> {
  const state = new Map<string, CheckpointTensor>();
  const conv = (part: string, key: string, out: number, into: number, kernel: number): void => {
    const scale = f(Math.sqrt(2 / (into * kernel * kernel)));
    state.set(
      `${part}.${key}.weight`,
      tensor(`${key}.weight`, [out, into, kernel, kernel], (n) => f(n * scale)),
    );
  };
  const vector = (part: string, key: string, length: number): void => {
    const scale = key.endsWith("running_var")
      ? (n: number) => f(1 + f(f(0.1) * Math.abs(n)))
      : key.endsWith("running_mean") || key.endsWith("bias")
        ? (n: number) => f(f(0.1) * n)
        : (n: number) => f(1 + f(f(0.1) * n));
    state.set(`${part}.${key}`, tensor(key, [length], scale));
  };
  const unit = (part: string, key: string, norm: string, out: number, into: number, kernel: number): void => {
    conv(part, key, out, into, kernel);
    for (const name of ["weight", "bias", "running_mean", "running_var"]) vector(part, `${norm}.${name}`, out);
  };
  let channels = 3;
  config.stem.forEach((out, i) => {
    unit("encoder", `conv${i + 1}`, `bn${i + 1}`, out, channels, 3);
    channels = out;
  });
  const stages = config.blocks.map((count, stage) => {
    const planes = config.planes * 2 ** stage;
    for (let b = 0; b < count; b += 1) {
      const key = `layer${stage + 1}.${b}`;
      unit("encoder", `${key}.conv1`, `${key}.bn1`, planes, channels, 1);
      unit("encoder", `${key}.conv2`, `${key}.bn2`, planes, planes, 3);
      unit("encoder", `${key}.conv3`, `${key}.bn3`, 4 * planes, planes, 1);
      if (b === 0) unit("encoder", `${key}.downsample.0`, `${key}.downsample.1`, 4 * planes, channels, 1);
      channels = 4 * planes;
    }
    return channels;
  });
  const { width } = config;
  for (let i = 0; i < 4; i += 1) unit("decoder", `ppm_conv.${i}.0`, `ppm_conv.${i}.1`, width, channels, 1);
  unit("decoder", "ppm_last_conv.0", "ppm_last_conv.1", width, channels + 4 * width, 3);
  for (let i = 0; i < 3; i += 1) {
    unit("decoder", `fpn_in.${i}.0`, `fpn_in.${i}.1`, width, stages[i]!, 1);
    unit("decoder", `fpn_out.${i}.0.0`, `fpn_out.${i}.0.1`, width, width, 3);
  }
  unit("decoder", "conv_fusion.0", "conv_fusion.1", width, 4 * width, 3);
  for (const [head, labels] of Object.entries(config.heads)) {
    unit("decoder", `${head}_head.0.0`, `${head}_head.0.1`, width, width, 3);
    conv("decoder", `${head}_head.1`, labels, width, 1);
    vector("decoder", `${head}_head.1.bias`, labels);
  }
  return state;
}
