// Tests: test/elements/elements.test.ts

type Value = string | number | boolean | undefined;
type Listener = (event: never) => void;

/**
 * An element with attributes (`false` and undefined are left out), listeners (`onclick`) and
 * children. Text is only ever set as text: names come from files of strangers.
 */
export function html<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  properties: Readonly<Record<string, Value | Listener>> = {},
  ...children: (Node | string)[]
): HTMLElementTagNameMap[Tag] {
  const node = document.createElement(tag);
  give(node, properties);
  node.append(...children);
  return node;
}

const SVG = "http://www.w3.org/2000/svg";

/** As `html`, for drawings. */
export function svg<Tag extends keyof SVGElementTagNameMap>(
  tag: Tag,
  properties: Readonly<Record<string, Value>> = {},
  ...children: Node[]
): SVGElementTagNameMap[Tag] {
  const node = document.createElementNS(SVG, tag);
  give(node, properties);
  node.append(...children);
  return node;
}

function give(node: Element, properties: Readonly<Record<string, Value | Listener>>): void {
  for (const [name, value] of Object.entries(properties)) {
    if (typeof value === "function") node.addEventListener(name.slice(2), value as EventListener);
    // Attributes of this name are what a page's policy forbids; the same through its object is not.
    else if (name === "style") (node as HTMLElement).style.cssText = String(value);
    else if (value !== undefined && value !== false) node.setAttribute(name, value === true ? "" : String(value));
  }
}
