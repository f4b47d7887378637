import { UsageError } from "../errors.ts";
import { checkNames } from "../names.ts";
import { GanCompare } from "./gan-compare.ts";
import { GanHistory } from "./gan-history.ts";
import { GanImage } from "./gan-image.ts";
import { GanInspect } from "./gan-inspect.ts";
import { GanPaint } from "./gan-paint.ts";
import { GanSession } from "./gan-session.ts";
import { GanUnits } from "./gan-units.ts";

// Tests: test/elements/registry.test.ts

/** The elements by what follows the prefix; the session comes first, as the others look for it. */
const ELEMENTS = {
  session: GanSession,
  image: GanImage,
  paint: GanPaint,
  units: GanUnits,
  inspect: GanInspect,
  compare: GanCompare,
  history: GanHistory,
} as const;

/**
 * Defines the elements: `<gan-session>` and the others, or with another prefix than "gan". What is
 * defined already stays as it is. A second prefix makes classes that extend these.
 * @throws UsageError for a prefix that no element can have.
 */
export function define(
  options: {
    /** Small letters, digits and hyphens, a letter first; "gan" unless given. */
    readonly prefix?: string;
  } = {},
): void {
  checkNames("define", options, { prefix: true });
  const { prefix = "gan" } = options;
  // (https://html.spec.whatwg.org/#valid-custom-element-name, of which this is the usual part.)
  if (!/^[a-z][a-z0-9.-]*$/.test(prefix)) {
    throw new UsageError(`"${prefix}" is no prefix of elements.`, "Use small letters, digits and hyphens.");
  }
  for (const [name, element] of Object.entries<new () => HTMLElement>(ELEMENTS)) {
    const tag = `${prefix}-${name}`;
    if (customElements.get(tag)) continue;
    // A class has one tag only.
    customElements.define(tag, customElements.getName(element) === null ? element : class extends element {});
  }
}

declare global {
  interface HTMLElementTagNameMap {
    "gan-session": GanSession;
    "gan-image": GanImage;
    "gan-paint": GanPaint;
    "gan-units": GanUnits;
    "gan-inspect": GanInspect;
    "gan-compare": GanCompare;
    "gan-history": GanHistory;
  }
}
