import type { Counting, Operation, Position } from "../networks/operations.ts";
import type { Step, Tensor, Tfjs } from "./tfjs-network.ts";

/**
 * From this many levels on, looking for each activation's bucket and counting buckets beats a
 * product of masks a level.
 */
const MANY_LEVELS = 4;

/** Joint counts in the fastest of the ways tried; see the README. */
export function count(tf: Tfjs, operation: Operation & Counting): Step {
  const { size, concepts, labels } = operation;
  const [, levels, , units] = operation.outputs[0]!.shape;
  const pixels = size ** 2;
  const upsample = (x: Tensor): Tensor =>
    tf.reshape(tf.image.resizeBilinear(x, [size, size], false, true), [pixels, units]);
  if (levels < MANY_LEVELS) {
    const hot = new Float32Array(concepts * pixels);
    labels.forEach((label, pixel) => {
      hot[label * pixels + pixel] = 1;
    });
    const masks = tf.tensor(hot, [concepts, pixels]);
    const thresholds = Array.from({ length: levels }, (_, level) =>
      tf.tensor(operation.levels.slice(level * units, (level + 1) * units), [units]),
    );
    const apply = ([map]: readonly Tensor[]): Tensor[] => {
      const x = upsample(map!);
      const counts = thresholds.map((level) => tf.matMul(masks, tf.cast(tf.greater(x, level), "float32")));
      return [tf.reshape(tf.concat(counts, 0), [1, levels, concepts, units])];
    };
    return { weights: [masks, ...thresholds], apply };
  }
  const buckets = levels + 1;
  const ladder = tf.transpose(tf.tensor(operation.levels, [levels, units]), [1, 0]);
  // Where the buckets of each unit and pixel begin. In one row: counters in rows are wrong unless
  // as many as the samples.
  const begin = Int32Array.from({ length: units * pixels }, (_, at) => {
    return (Math.floor(at / pixels) * concepts + labels[at % pixels]!) * buckets;
  });
  const first = tf.tensor(begin, [units, pixels], "int32");
  // The type of these no weights is the counters': 4.22's int32 counters add the bits of 1.0.
  const none = tf.tensor(new Float32Array(0), [0]);
  // Sums of the buckets beyond each level.
  const beyond = tf.tensor(
    Float32Array.from({ length: buckets * levels }, (_, at) => Number(Math.floor(at / levels) > at % levels)),
    [buckets, levels],
  );
  const apply = ([map]: readonly Tensor[]): Tensor[] => {
    const bucket = tf.lowerBound(ladder, tf.transpose(upsample(map!), [1, 0]));
    const places = tf.reshape(tf.add(bucket, first), [units * pixels]);
    const joint = tf.denseBincount(places, none, units * concepts * buckets);
    const above = tf.matMul(tf.reshape(joint, [units * concepts, buckets]), beyond);
    return [
      tf.reshape(tf.transpose(tf.reshape(above, [units, concepts, levels]), [2, 1, 0]), operation.outputs[0]!.shape),
    ];
  };
  return { weights: [ladder, first, none, beyond], apply };
}

/**
 * A sort of every unit's samples, which is what `topk` of all of them is, and the quantiles picked
 * from it.
 */
export function quantiles(tf: Tfjs, operation: Operation & { readonly positions: readonly Position[] }): Step {
  const { positions } = operation;
  const [n, height, width, units] = operation.inputs[0]!.shape;
  const samples = n * height * width;
  // Descending.
  const place = (offset: number): Tensor => {
    const at = positions.map(({ low }) => samples - 1 - Math.min(low + offset, samples - 1));
    return tf.tensor(Int32Array.from(at), [positions.length], "int32");
  };
  const [low, high] = [place(0), place(1)];
  const weight = tf.tensor(
    Float32Array.from(positions, (position) => position.weight),
    [1, positions.length],
  );
  const apply = ([x]: readonly Tensor[]): Tensor[] => {
    const { values } = tf.topk(tf.transpose(tf.reshape(x!, [samples, units]), [1, 0]), samples, true);
    const a = tf.gather(values, low, 1);
    const between = tf.add(a, tf.mul(tf.sub(tf.gather(values, high, 1), a), weight));
    return [tf.reshape(tf.transpose(between, [1, 0]), operation.outputs[0]!.shape)];
  };
  return { weights: [low, high, weight], apply };
}
