import type { Provenance } from "../report-json.ts";
import { escapeXml as escapeHtml } from "./svg.ts";

// Tests: test/report/html.test.ts, test/report/comparison-page.test.ts

/** What a page that is one file begins with, up to the end of its head. */
export function pageHead({
  title,
  policy,
  provenance: { generator },
  style,
}: {
  readonly title: string;
  /** The content security policy. */
  readonly policy: string;
  readonly provenance: Provenance;
  readonly style: string;
}): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="generator" content="${escapeHtml(`${generator.name} ${generator.version}`)}">
<title>${escapeHtml(title)}</title>
<link rel="icon" href="data:,">
<style>${style}</style>
</head>`;
}
