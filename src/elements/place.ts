// Tests: test/elements/place.test.ts

/** A pixel of an image. */
export interface Place {
  /** Row of the image's pixels, from 0 at the top. */
  readonly y: number;
  /** Column, from 0 at the left. */
  readonly x: number;
}

/** Height and width, of an image or of a layer. */
export interface Extents {
  readonly height: number;
  readonly width: number;
}

/** Where a pointer is in the box of an element, as fractions of it: 0…1 inside. */
export function fractionIn(
  { clientY, clientX }: Pick<MouseEvent, "clientY" | "clientX">,
  { left, top, width, height }: Pick<DOMRect, "left" | "top" | "width" | "height">,
): { readonly y: number; readonly x: number } {
  return { y: (clientY - top) / Math.max(1, height), x: (clientX - left) / Math.max(1, width) };
}

/** Where a pointer is in an element now, as fractions of it. */
export const fractionOf = (event: MouseEvent, element: Element): { readonly y: number; readonly x: number } =>
  fractionIn(event, element.getBoundingClientRect());

/** The pixel of an image that a pointer is at, or the nearest one. */
export function placeOf(event: MouseEvent, element: Element, { height, width }: Extents): Place {
  const { y, x } = fractionOf(event, element);
  return { y: within(Math.floor(y * height), height), x: within(Math.floor(x * width), width) };
}

/** A row or column of so many. */
export const within = (at: number, count: number): number => Math.min(count - 1, Math.max(0, at));
