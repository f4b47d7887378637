// Tests: test/elements/look.test.ts

/**
 * What all elements look like. Colours are the page's to choose (`--gan-…`), and follow its
 * `color-scheme`: a page that is light in the dark gets light elements. In forced colours
 * everything but pictures is the system's. What hosts set their slotted content inherits, so that
 * these have names that no page has.
 */
export const STYLE = `
:host {
  --_ink: var(--gan-ink, light-dark(#1d1c1a, #ecebe7));
  --_soft: var(--gan-soft, light-dark(#66625a, #a5a29b));
  --_line: var(--gan-line, light-dark(#8b867c, #77767c));
  --_paper: var(--gan-paper, light-dark(#ffffff, #1d1d21));
  --_well: var(--gan-well, light-dark(#f1eee8, #2a2a30));
  --_accent: var(--gan-accent, light-dark(#4b4cbf, #a3a4f5));
  --_on-accent: var(--gan-on-accent, light-dark(#ffffff, #16162a));
  --_radius: var(--gan-radius, 8px);
  display: block;
  color: var(--_ink);
  font: var(--gan-font, 14px/1.45 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "Noto Sans", sans-serif);
}
:host([hidden]) { display: none; }
*, ::before, ::after { box-sizing: border-box; }
[hidden] { display: none !important; }
.unseen { position: absolute; width: 1px; height: 1px; margin: 0; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
:focus-visible { outline: 2px solid var(--_accent); outline-offset: 2px; }
button, input, select { font: inherit; color: var(--_ink); accent-color: var(--_accent); }
button, select, input[type=search], input[type=number] { min-height: 28px; padding: 2px 9px; border: 1px solid var(--_line); border-radius: var(--_radius); background: var(--_paper); }
button { min-width: 28px; cursor: pointer; }
button:hover:not(:disabled), select:hover:not(:disabled) { border-color: var(--_accent); }
button[aria-pressed=true] { background: var(--_accent); border-color: var(--_accent); color: var(--_on-accent); }
button:disabled, select:disabled, input:disabled { opacity: .5; cursor: default; }
input[type=range] { min-height: 24px; margin: 0; vertical-align: middle; }
.number { font-variant-numeric: tabular-nums; }
.soft { color: var(--_soft); }
.frame { position: relative; display: grid; overflow: hidden; border-radius: var(--_radius); background: var(--_well); }
.frame canvas { grid-area: 1 / 1; display: block; width: 100%; height: 100%; image-rendering: var(--gan-image-rendering, auto); }
.frame canvas.heat { mix-blend-mode: multiply; }
@media (forced-colors: active) {
  :host { --_ink: CanvasText; --_soft: CanvasText; --_line: ButtonBorder; --_paper: Canvas; --_well: Canvas; --_accent: Highlight; --_on-accent: HighlightText; }
  button[aria-pressed=true] { forced-color-adjust: none; }
}
@media (prefers-reduced-motion: no-preference) {
  button { transition: border-color .12s, background-color .12s; }
}
`;
