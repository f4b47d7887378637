import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { Page } from "puppeteer-core";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/**
 * What axe-core finds wrong with a page as it stands: a line for each kind, with the first place.
 * Also whether accessible names contain the text that is seen, which axe checks only when asked.
 */
export async function violations(page: Page): Promise<string[]> {
  await page.evaluate(AXE);
  return page.evaluate(`
    axe.run({ resultTypes: ["violations"], rules: { "label-content-name-mismatch": { enabled: true } } })
      .then(({ violations }) => violations.map(({ id, nodes }) =>
        id + " × " + nodes.length + ": " + nodes[0].html.slice(0, 200) + ": " + nodes[0].failureSummary))
  `) as Promise<string[]>;
}
