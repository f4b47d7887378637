import { ShapeError } from "../../errors.ts";
import { poolAverage, poolMax } from "../../kernels/maps/pool.ts";
import { average, maxpool, resize, resizeAdd, type Sampling } from "../../kernels/maps/resample.ts";
import { COORDINATES, INTERPOLATION, ROUNDING, sample } from "../../kernels/maps/sample.ts";
import { CUTS, STEPS } from "./convolutions.ts";
import { NUMBER, NUMBERS, oneOf, operation, optional, POSITIVE, RESULT, YES } from "./field.ts";

// Tests: test/networks/operations.test.ts, test/networks/operations/resampling.test.ts

/** Where pixels are sampled when a map is resized. */
export const SAMPLING = oneOf<Sampling>({ centre: true, corner: true });

const WINDOW = {
  stride: optional(STEPS),
  dilation: optional(STEPS),
  pad: optional(CUTS),
  ceil: optional(YES),
};

/** What makes maps smaller or larger. */
export const RESAMPLING = {
  /** Bilinear, to the extents of `like`; `add` is added and has the same. */
  resize: operation(
    { x: RESULT, like: RESULT, sampling: optional(SAMPLING), add: optional(RESULT) },
    ({ x, to, like, sampling = "centre", add }, { graph, of }) => {
      const [, height = 1, width = 1] = of(like).shape;
      if (add === undefined) return resize(graph, of(x), height, width, sampling);
      if (of(add).shape[1] !== height || of(add).shape[2] !== width) {
        throw new ShapeError(
          `"${to}" is resized like "${like}", which "${add}" does not fit.`,
          "Give both the same size.",
        );
      }
      return resizeAdd(graph, of(x), of(add), sampling);
    },
  ),
  /** To these extents, as ONNX's Resize does. */
  resample: operation(
    {
      x: RESULT,
      height: POSITIVE,
      width: POSITIVE,
      mode: optional(oneOf(INTERPOLATION)),
      coordinates: optional(oneOf(COORDINATES)),
      nearest: optional(oneOf(ROUNDING)),
      cubic: optional(NUMBER),
      excludeOutside: optional(YES),
      scales: optional(NUMBERS(2)),
      roi: optional(NUMBERS(4)),
      value: optional(NUMBER),
    },
    (step, { graph, of }) => {
      const { x, height, width, mode = "nearest", coordinates = "half_pixel", nearest = "round_prefer_floor" } = step;
      const { cubic = -0.75, excludeOutside = false, value = 0, scales, roi } = step;
      const how = { mode, coordinates, rounding: nearest, cubic, excludeOutside, value };
      return sample(
        graph,
        of(x),
        [height, width],
        how,
        scales as [number, number],
        roi as [number, number, number, number],
      );
    },
  ),
  /**
   * Average pooling, without overlap unless `stride` is given; `countPad` counts padding among the
   * pixels.
   */
  average: operation({ x: RESULT, size: STEPS, ...WINDOW, countPad: optional(YES) }, (step, { graph, of }) => {
    const { x, to, size, stride, dilation = 1, pad = 0, ceil = false, countPad = false } = step;
    const [, height = 1, width = 1] = of(x).shape;
    if (stride !== undefined || typeof size !== "number") {
      return poolAverage(graph, of(x), { size, stride: stride ?? size, dilation, pad, ceil, countPad });
    }
    if (height % size !== 0 || width % size !== 0) {
      throw new ShapeError(
        `"${to}" averages ${size}×${size} pixels, which do not divide ${height}×${width}.`,
        "Give a size that divides it, or a stride.",
      );
    }
    return average(graph, of(x), height / size, width / size);
  }),
  /** Max pooling: 3×3, stride 2, padding 1 unless given. */
  maxpool: operation({ x: RESULT, size: optional(STEPS), ...WINDOW }, (step, { graph, of }) => {
    const { x, size, stride, dilation, pad, ceil } = step;
    const given = [size, stride, dilation, pad, ceil].some((value) => value !== undefined);
    if (!given) return maxpool(graph, of(x));
    return poolMax(graph, of(x), {
      size: size ?? 3,
      // A window of one's own does not overlap and is not padded unless it says so.
      stride: stride ?? size ?? 2,
      pad: pad ?? (size === undefined ? 1 : 0),
      dilation: dilation ?? 1,
      ceil: ceil ?? false,
    });
  }),
};
