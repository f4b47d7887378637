/** Pixels of the text in drawings. */
export const FONT_SIZE = 12;

/**
 * A drawing on white, with a title in the middle of its top, which is as wide as the title needs.
 */
export function drawing(width: number, height: number, title: string, parts: readonly string[]): string {
  const [w, h] = [round(width), round(height)];
  const head = text(width / 2, 20, title, "middle");
  return `<svg xmlns="http://www.w3.org/2000/svg" version="1.1" width="${w}" height="${h}" viewBox="0 0 ${w} ${h}"><rect width="${w}" height="${h}" fill="#fff"/>${head}${parts.join("")}</svg>\n`;
}

/** The width of a drawing that has at least this one, so that its title is not cut off. */
export const widthFor = (title: string, least: number): number => Math.max(least, Math.ceil(textWidth(title)) + 16);

/** One line of text; `y` is its baseline. */
export function text(x: number, y: number, content: string, anchor: "start" | "middle" | "end"): string {
  return `<text x="${round(x)}" y="${round(y)}" style="font-family:sans-serif;font-size:${FONT_SIZE}px;text-anchor:${anchor}">${escapeXml(content)}</text>`;
}

/**
 * Pixels that a text needs at most, whatever the sans-serif font: its letters are 0.5 em wide in
 * Helvetica and 0.6 in DejaVu Sans, which is among the widest; those of Chinese, Japanese and
 * Korean one em.
 */
export function textWidth(content: string, size = FONT_SIZE): number {
  let ems = 0;
  for (const letter of content) ems += letter >= "\u1100" ? 1 : 0.62;
  return ems * size;
}

/** A line through points; a single point is a dot, and none is nothing. */
export function polyline(points: readonly (readonly [x: number, y: number])[], color: string): string {
  if (points.length === 0) return "";
  const places = points.map(([x, y]) => [round(x), round(y)] as const);
  if (places.length === 1) return `<circle cx="${places[0]![0]}" cy="${places[0]![1]}" r="3" fill="${color}"/>`;
  const path = places.map((place) => place.join(" ")).join("L");
  return `<path d="M${path}" fill="none" stroke="${color}" stroke-width="2"/>`;
}

/**
 * Multiples of a step between two numbers, both included: of the first of these steps by which
 * there are at most `most`, or of the last of them times 2, 4, 8 …
 */
export function ticks(low: number, high: number, steps: readonly number[], most: number): number[] {
  const first = (step: number): number => Math.ceil(low / step - 1e-9);
  const count = (step: number): number => Math.floor(high / step + 1e-9) - first(step) + 1;
  let step = steps.find((candidate) => count(candidate) <= most) ?? steps.at(-1)!;
  while (count(step) > most) step *= 2;
  return Array.from({ length: count(step) }, (_, index) => step * (first(step) + index));
}

/** With a minus that is one, and none before zero. */
export function signed(value: number, digits: number): string {
  const rounded = value.toFixed(digits);
  return Number(rounded) === 0 ? rounded.replace("-", "") : rounded.replace("-", "−");
}

export const round = (value: number): string => String(Math.round(value * 100) / 100);

/**
 * Labels come from files of strangers: markup is escaped, characters that XML forbids are dropped.
 */
export function escapeXml(content: string): string {
  return (
    content
      // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters to drop
      .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, "")
      .replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`)
  );
}
