import { dom } from "../../../src/report/viewer/dom.ts";

/** An element as the parts of the viewer make and change it, without a browser. */
export interface Made {
  readonly tag: string;
  readonly properties: Record<string, unknown>;
  children: (Made | string)[];
  textContent: string;
  hidden: boolean;
  [property: string]: unknown;
}

/** The text of an element, or of a list of them. */
export const textOf = (made: Made | string): string =>
  typeof made === "string" ? made : made.children.map(textOf).join("");

/** An element with all within it, in their order. */
export const withAll = (made: Made | string): Made[] =>
  typeof made === "string" ? [] : [made, ...made.children.flatMap(withAll)];

/**
 * What the viewer's parts are given of the page: elements that only remember what they are told.
 */
export function stage() {
  const page = new Map<string, Made>();
  const make = (tag: string, properties: Record<string, unknown> = {}, ...children: (Made | string | undefined)[]) => {
    const made: Made = {
      ...{ tag, properties, textContent: "", hidden: false },
      children: children.filter((child) => child !== undefined),
      dataset: {},
      replaceChildren: (...next: (Made | string)[]) => {
        made.children = next;
      },
      append: (...next: (Made | string)[]) => made.children.push(...next),
    };
    return made;
  };
  const byId = (id: string): Made => {
    const known = page.get(id) ?? make(id);
    page.set(id, known);
    return known;
  };
  const parts = { element: make, byId, unpack: async () => new Uint8Array(), score: dom().score };
  return { dom: parts as unknown as ReturnType<typeof dom>, byId };
}
