// What moves numbers about, in double precision and from its definition.
import type { AxisName, Extents, Shuffle } from "../../../src/kernels/maps/layout.ts";
import type { Axis } from "../../../src/kernels/maps/separable.ts";
import { at, each, type Linear, type Map64, zeros } from "../reference.ts";

/** A map that is copied, number by number: `from` says which of x's comes where. */
export function moved64(
  x: Map64,
  [channels, height, width]: Extents,
  from: (i: number, row: number, column: number, c: number) => number,
): Linear {
  const y = zeros([x.n, height, width, channels]);
  each(y, (i, row, column, c, to) => {
    y.data[to] = x.data[from(i, row, column, c)]!;
    y.terms[to] = Math.abs(y.data[to]!);
  });
  return y;
}

/** The same numbers in the order of [c][h][w]. */
export function reshape64(x: Map64, [channels, height, width]: Extents): Linear {
  return moved64(x, [channels, height, width], (i, row, column, c) => {
    const number = (c * height + row) * width + column;
    const pixel = number % (x.height * x.width);
    return at(x, i, Math.floor(pixel / x.width), pixel % x.width, Math.floor(number / (x.height * x.width)));
  });
}

export function transpose64(x: Map64, order: readonly AxisName[]): Linear {
  const extents = { c: x.channels, h: x.height, w: x.width };
  const to = order.map((axis) => extents[axis]) as unknown as Extents;
  return moved64(x, to, (i, row, column, c) => {
    const place = { c: 0, h: 0, w: 0 };
    [c, row, column].forEach((index, axis) => {
      place[order[axis]!] = index;
    });
    return at(x, i, place.h, place.w, place.c);
  });
}

/** ONNX's DepthToSpace and SpaceToDepth, by their definition in reshapes and transposes. */
export function shuffle64(x: Map64, { block: b, toDepth, byChannel }: Shuffle): Linear {
  if (toDepth) {
    const channels = x.channels * b * b;
    return moved64(x, [channels, x.height / b, x.width / b], (i, row, column, c) => {
      const [place, channel] = byChannel
        ? [c % (b * b), Math.floor(c / (b * b))]
        : [Math.floor(c / x.channels), c % x.channels];
      return at(x, i, row * b + Math.floor(place / b), column * b + (place % b), channel);
    });
  }
  const channels = x.channels / (b * b);
  return moved64(x, [channels, x.height * b, x.width * b], (i, row, column, c) => {
    const place = (row % b) * b + (column % b);
    const channel = byChannel ? c * b * b + place : place * channels + c;
    return at(x, i, Math.floor(row / b), Math.floor(column / b), channel);
  });
}

/** Rows and columns by linear maps. */
export function separable64(x: Map64, rows: Axis, columns: Axis, fill = 0): Linear {
  const y = zeros([x.n, rows.taps.length, columns.taps.length, x.channels]);
  each(y, (i, row, column, c, to) => {
    if (rows.taps[row]!.length === 0 || columns.taps[column]!.length === 0) {
      y.data[to] = fill;
      y.terms[to] = Math.abs(fill);
      return;
    }
    for (const [down, v] of rows.taps[row]!) {
      for (const [across, w] of columns.taps[column]!) {
        const term = v * w * x.data[at(x, i, down, across, c)]!;
        y.data[to]! += term;
        y.terms[to]! += Math.abs(term);
      }
    }
  });
  return y;
}

/** Channels by a linear map. */
export function channelwise64(x: Map64, axis: Axis, fill = 0): Linear {
  const y = zeros([x.n, x.height, x.width, axis.taps.length]);
  each(y, (i, row, column, c, to) => {
    y.data[to] = axis.taps[c]!.length === 0 ? fill : 0;
    for (const [from, weight] of axis.taps[c]!) {
      const term = weight * x.data[at(x, i, row, column, from)]!;
      y.data[to]! += term;
      y.terms[to]! += Math.abs(term);
    }
  });
  return y;
}

/** Parts one behind the other. */
export function stack64(parts: readonly Map64[], axis: AxisName): Linear {
  const name = ({ c: "channels", h: "height", w: "width" } as const)[axis];
  const [first] = parts as readonly [Map64];
  const extent = parts.reduce((sum, part) => sum + part[name], 0);
  const whole = { channels: first.channels, height: first.height, width: first.width, [name]: extent };
  const y = zeros([first.n, whole.height, whole.width, whole.channels]);
  each(y, (i, row, column, c, to) => {
    let index = { c, h: row, w: column }[axis];
    const part = parts.find((candidate) => {
      if (index < candidate[name]) return true;
      index -= candidate[name];
      return false;
    })!;
    const place = { c, h: row, w: column, [axis]: index };
    y.data[to] = part.data[at(part, i, place.h, place.w, place.c)]!;
    y.terms[to] = Math.abs(y.data[to]!);
  });
  return y;
}
