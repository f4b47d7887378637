// What a cell displays, as elements of the tutorial's page.

// Tests: test/site/tutorial.test.ts

import { colorOf, type Picture, type Shown, textOf } from "./shown.ts";

function element<Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  ...children: (Node | string)[]
): HTMLElementTagNameMap[Name] {
  const made = document.createElement(name);
  made.append(...children);
  return made;
}

/** What is displayed, as an element. */
export function elementOf(shown: Shown): HTMLElement {
  if (shown.kind === "text") return element("p", shown.text);
  if (shown.kind === "svg") return plotOf(shown.svg);
  if (shown.kind === "table") return tableOf(shown.columns, shown.rows);
  const pictures = element("div", ...shown.pictures.map(canvasOf));
  pictures.className = "pictures";
  return pictures;
}

/** What went wrong, with the fix that errors of the library end in. */
export function errorOf(error: unknown): HTMLElement {
  const { name, message } = error instanceof Error ? error : { name: "Thrown", message: String(error) };
  const said = element("p", element("strong", `${name}: `), message);
  said.className = "error";
  return said;
}

function plotOf(svg: string): HTMLElement {
  const image = element("img");
  // A title is the drawing's first text. (A parser would apply its styles, which this page forbids.)
  const [, title = "a drawing"] = /<text[^>]*>([^<]*)/.exec(svg) ?? [];
  image.alt = title.replaceAll(/&#(\d+);/g, (_, code) => String.fromCharCode(code));
  image.src = `data:image/svg+xml,${encodeURIComponent(svg)}`;
  return image;
}

function canvasOf(
  { width, height, rgba }: Picture,
  index: number,
  { length }: { readonly length: number },
): HTMLElement {
  const canvas = element("canvas");
  canvas.width = width;
  canvas.height = height;
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", `Picture ${index + 1} of ${length}`);
  canvas.getContext("2d")!.putImageData(new ImageData(rgba, width, height), 0, 0);
  return canvas;
}

function tableOf(columns: readonly string[], rows: readonly (readonly unknown[])[]): HTMLElement {
  const isNumber = (value: unknown): boolean => typeof value === "number" || /^[-−]?\d+(\.\d+)?$/.test(String(value));
  const body = element(
    "tbody",
    ...rows.map((row) => element("tr", ...row.map((value) => cellOf(value, isNumber(value))))),
  );
  const names = columns.map((name, at) => {
    const heading = element("th", name);
    heading.scope = "col";
    if (isNumber(rows[0]?.[at])) heading.className = "number-cell";
    return heading;
  });
  const table = element("table", ...(names.length > 0 ? [element("thead", element("tr", ...names))] : []), body);
  const scrolled = element("div", table);
  scrolled.className = "table";
  scrolled.tabIndex = 0;
  scrolled.setAttribute("role", "group");
  scrolled.setAttribute("aria-label", "Table");
  return scrolled;
}

function cellOf(value: unknown, isNumber: boolean): HTMLElement {
  const color = colorOf(value);
  const cell = element("td", color ? swatchOf(color) : textOf(value));
  if (isNumber) cell.className = "number-cell";
  return cell;
}

function swatchOf(color: string): Node {
  const swatch = element("canvas");
  [swatch.width, swatch.height, swatch.className] = [28, 14, "swatch"];
  swatch.setAttribute("role", "img");
  swatch.setAttribute("aria-label", color);
  const context = swatch.getContext("2d")!;
  context.fillStyle = color;
  context.fillRect(0, 0, 28, 14);
  return swatch;
}
