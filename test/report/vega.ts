import { beforeAll, expect } from "vitest";
import { peer } from "../../bench/peers/installed.mjs";
import type { VegaLiteSpec } from "../../src/report/vega-lite.ts";

// What draws them is Vega-Lite's own compiler, and Vega.
let vega: {
  readonly parse: (spec: unknown) => unknown;
  readonly View: new (runtime: unknown, options: object) => { toSVG(): Promise<string> };
};
let compile: (spec: unknown, options: object) => { readonly spec: unknown };
beforeAll(async () => {
  vega = await peer("vega");
  ({ compile } = await peer("vega-lite"));
});

/** A figure as it is drawn: the names of its marks. Whatever is warned of is a fault. */
export async function drawn(given: VegaLiteSpec, allowed = /^$/): Promise<{ svg: string; marks: string[] }> {
  const warnings: string[] = [];
  const logger = {
    level: () => logger,
    info: () => logger,
    debug: () => logger,
    warn: (...said: unknown[]) => warnings.push(said.join(" ")) && logger,
    error: (...said: unknown[]) => warnings.push(said.join(" ")) && logger,
  };
  const spec = JSON.parse(JSON.stringify(given));
  const svg = await new vega.View(vega.parse(compile(spec, { logger }).spec), { renderer: "none", logger }).toSVG();
  expect(warnings.filter((warning) => !allowed.test(warning))).toEqual([]);
  const marks = [...svg.matchAll(/aria-label="([^"]*)" role="graphics-symbol" aria-roledescription="([^"]*)"/g)];
  return { svg, marks: marks.filter(([, , kind]) => /^(bar|point|rect mark)$/.test(kind!)).map(([, name]) => name!) };
}
