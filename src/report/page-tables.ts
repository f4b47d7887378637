import { escapeXml as escapeHtml } from "./svg.ts";

// Tests: test/report/comparison-page.test.ts

/** The style sheet of pages whose findings are tables. */
export const TABLES = `
main section { margin: 36px 0; }
main section > h2 { margin-bottom: 6px; }
.scroll { overflow-x: auto; max-width: 100%; border: 1px solid var(--line); border-radius: 12px; background: var(--card); }
.scroll svg { display: block; }
.scroll table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; font-size: 14px; }
.scroll th, .scroll td { padding: 7px 12px; text-align: right; border-bottom: 1px solid var(--line); white-space: nowrap; }
.scroll tr:last-child > * { border-bottom: 0; }
.scroll th { font-weight: 600; }
.scroll thead th { color: var(--soft); font-weight: 500; }
.scroll th:first-child, .scroll td:first-child { text-align: left; }
.scroll td small { color: var(--soft); }
.warning { border: 1px solid #b3261e; border-radius: 12px; padding: 12px 16px; background: color-mix(in srgb, #b3261e 12%, var(--card)); }
.quiet { color: var(--soft); }
.lead { max-width: 75ch; }
`;

/** A heading, and what is under it. */
export const section = (title: string, table: string): string =>
  `<section><h2>${escapeHtml(title)}</h2>${scroll(title, table)}</section>`;

/** What may be wider than the screen; the keyboard scrolls it too. */
export const scroll = (name: string, content: string): string =>
  `<div class="scroll" role="region" aria-label="${escapeHtml(name)}" tabindex="0">${content}</div>`;

export const td = (content: string): string => `<td>${content}</td>`;
export const row = (name: string, cells: readonly string[]): string =>
  `<tr><th scope="row">${escapeHtml(name)}</th>${cells.join("")}</tr>`;
/** A column without a name, as that of rows' names may be, has no header that would be read out. */
const header = (name: string): string => (name === "" ? td("") : `<th scope="col">${escapeHtml(name)}</th>`);
export const table = (head: readonly string[], rows: readonly string[]): string =>
  `<table><thead><tr>${head.map(header).join("")}</tr></thead><tbody>${rows.join("")}</tbody></table>`;
