// Tests: test/elements/look.test.ts

/**
 * What all elements look like. Colours are the page's to choose (`--gan-…`), and follow its
 * `color-scheme`: a page that is light in the dark gets light elements. In forced colours
 * everything but pictures is the system's.
 */
export const STYLE = `
:host {
  --ink: var(--gan-ink, light-dark(#1d1c1a, #ecebe7));
  --soft: var(--gan-soft, light-dark(#66625a, #a5a29b));
  --line: var(--gan-line, light-dark(#8b867c, #77767c));
  --paper: var(--gan-paper, light-dark(#ffffff, #1d1d21));
  --well: var(--gan-well, light-dark(#f1eee8, #2a2a30));
  --accent: var(--gan-accent, light-dark(#4b4cbf, #a3a4f5));
  --on-accent: var(--gan-on-accent, light-dark(#ffffff, #16162a));
  --radius: var(--gan-radius, 8px);
  display: block;
  color: var(--ink);
  font: var(--gan-font, 14px/1.45 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "Noto Sans", sans-serif);
}
:host([hidden]) { display: none; }
*, ::before, ::after { box-sizing: border-box; }
[hidden] { display: none !important; }
.unseen { position: absolute; width: 1px; height: 1px; margin: 0; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
button, input, select { font: inherit; color: var(--ink); accent-color: var(--accent); }
button, select, input[type=search], input[type=number] { min-height: 28px; padding: 2px 9px; border: 1px solid var(--line); border-radius: var(--radius); background: var(--paper); }
button { min-width: 28px; cursor: pointer; }
button:hover:not(:disabled), select:hover:not(:disabled) { border-color: var(--accent); }
button[aria-pressed=true] { background: var(--accent); border-color: var(--accent); color: var(--on-accent); }
button:disabled, select:disabled, input:disabled { opacity: .5; cursor: default; }
input[type=range] { min-height: 24px; margin: 0; vertical-align: middle; }
.number { font-variant-numeric: tabular-nums; }
.soft { color: var(--soft); }
.frame { position: relative; display: grid; overflow: hidden; border-radius: var(--radius); background: var(--well); }
.frame canvas { grid-area: 1 / 1; display: block; width: 100%; height: 100%; image-rendering: var(--gan-image-rendering, auto); }
.frame canvas.heat { mix-blend-mode: multiply; }
@media (forced-colors: active) {
  :host { --ink: CanvasText; --soft: CanvasText; --line: ButtonBorder; --paper: Canvas; --well: Canvas; --accent: Highlight; --on-accent: HighlightText; }
  button[aria-pressed=true] { forced-color-adjust: none; }
}
@media (prefers-reduced-motion: no-preference) {
  button { transition: border-color .12s, background-color .12s; }
}
`;
