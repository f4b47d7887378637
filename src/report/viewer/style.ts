/**
 * The page's style sheet. Colours are variables, so that dark is a change of values and not of
 * rules.
 */
export const STYLE = `
:root {
  color-scheme: light dark;
  --aspect: 1;
  --paper: #faf9f6; --card: #ffffff; --ink: #1d1c1a; --soft: #6b675f; --line: #e4e0d8; --accent: #4b4cbf; --well: #f1eee8; --pill: #ffffff;
  --serif: "Iowan Old Style", "Palatino Linotype", Palatino, "URW Palladio L", "Book Antiqua", Georgia, serif;
  --sans: system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "Noto Sans", sans-serif;
}
@media (prefers-color-scheme: dark) {
  :root { --paper: #141416; --card: #1d1d21; --ink: #ecebe7; --soft: #9d9a93; --line: #303036; --accent: #a3a4f5; --well: #232328; --pill: #43434d; }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 15px/1.5 var(--sans); -webkit-text-size-adjust: 100%; }
header, main, footer { max-width: 1480px; margin: 0 auto; padding: 0 clamp(16px, 3vw, 40px); }
header { padding-top: clamp(24px, 4vw, 48px); }
h1 { margin: 0; font: 400 clamp(30px, 4vw, 46px)/1.1 var(--serif); letter-spacing: -0.015em; overflow-wrap: anywhere; }
h2 { margin: 0; font: 400 28px/1.15 var(--serif); overflow-wrap: anywhere; }
h3 { margin: 24px 0 8px; font: 600 12px/1.3 var(--sans); letter-spacing: 0.06em; text-transform: uppercase; color: var(--soft); }
.kicker { margin: 0 0 6px; color: var(--soft); font-size: 13px; letter-spacing: 0.08em; text-transform: uppercase; }
.about { display: flex; flex-wrap: wrap; gap: 6px 28px; margin: 16px 0 0; }
.about div { min-width: 0; }
.about dt { color: var(--soft); font-size: 12px; }
.about dd { margin: 0; overflow-wrap: anywhere; font-variant-numeric: tabular-nums; }
a { color: var(--accent); }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
nav { display: flex; flex-wrap: wrap; gap: 4px; margin: 28px 0 0; border-bottom: 1px solid var(--line); }
nav a { padding: 9px 16px 8px; color: var(--soft); text-decoration: none; border-bottom: 3px solid transparent; margin-bottom: -1px; font-weight: 500; }
nav a small { font-weight: 400; font-variant-numeric: tabular-nums; margin-left: 4px; }
nav a:hover { color: var(--ink); }
nav a[aria-current] { color: var(--ink); border-color: var(--accent); }
#summary { margin: 20px 0 12px; font: 400 19px/1.4 var(--serif); }
#chart { display: flex; gap: 10px; overflow-x: auto; padding: 0 4px 4px 0; }
.category { flex: none; }
.caption { color: var(--soft); font-size: 12px; margin-bottom: 4px; white-space: nowrap; }
.bars { --column: var(--dark); --behind: color-mix(in srgb, var(--light) 32%, transparent); display: flex; align-items: flex-start; background: linear-gradient(var(--behind) 132px, transparent 132px); border-radius: 8px; padding: 0 8px; }
.bar { position: relative; width: 36px; height: 204px; padding: 0; border: 0; background: none; color: inherit; font: inherit; cursor: pointer; }
.bar .column { position: absolute; left: 6px; right: 6px; bottom: 72px; min-height: 3px; border-radius: 4px 4px 0 0; background: var(--column); transition: filter .15s; }
.bar .count { position: absolute; left: 0; right: 0; top: 4px; font-size: 12px; color: var(--soft); text-align: center; font-variant-numeric: tabular-nums; }
.bar .name { position: absolute; right: 14px; top: 136px; max-width: 92px; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; font-size: 13px; transform: rotate(-45deg); transform-origin: right top; }
.bar:hover .column { filter: brightness(1.15); }
#chart:has([aria-pressed=true]) .bar:not([aria-pressed=true]) .column { opacity: .35; }
.bar[aria-pressed=true] .name { font-weight: 700; }
.bar:focus-visible { outline-offset: -2px; border-radius: 6px; }
#tools { position: sticky; top: 0; z-index: 2; display: flex; flex-wrap: wrap; align-items: center; gap: 10px 14px; padding: 12px 0; margin-bottom: 8px; background: color-mix(in srgb, var(--paper) 92%, transparent); backdrop-filter: blur(8px); border-bottom: 1px solid var(--line); }
:where(#tools) label { color: var(--soft); font-size: 13px; display: inline-flex; align-items: center; gap: 6px; }
input[type=search], select, button.plain { font: inherit; font-size: 14px; color: var(--ink); background: var(--card); border: 1px solid var(--line); border-radius: 8px; padding: 6px 10px; max-width: 100%; }
input[type=search] { width: 170px; }
select { max-width: 190px; }
button.plain { cursor: pointer; }
button.plain:hover:not(:disabled) { border-color: var(--accent); }
button.plain:disabled { opacity: .35; cursor: default; }
button.link { font: inherit; color: var(--accent); background: none; border: 0; padding: 0; text-decoration: underline; cursor: pointer; }
input { accent-color: var(--accent); }
#count { margin-left: auto; color: var(--soft); font-size: 14px; font-variant-numeric: tabular-nums; }
.views { display: inline-flex; flex-wrap: wrap; border: 1px solid var(--line); border-radius: 9px; padding: 2px; background: var(--well); margin: 0; }
.views legend, .hidden { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
.views label { position: relative; padding: 4px 11px; border-radius: 7px; font-size: 13px; color: var(--soft); cursor: pointer; }
.views input { position: absolute; opacity: 0; inset: 0; margin: 0; cursor: pointer; }
.views label:has(:checked) { background: var(--pill); color: var(--ink); box-shadow: 0 1px 3px rgb(0 0 0 / .18); }
.views label:has(:focus-visible) { outline: 2px solid var(--accent); outline-offset: 1px; }
#cards { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 330px), 1fr)); gap: 14px; }
.card { display: block; min-width: 0; padding: 10px 12px 9px; border-radius: 12px; background: var(--card); border: 1px solid var(--line); color: inherit; text-decoration: none; transition: border-color .15s, box-shadow .15s; content-visibility: auto; contain-intrinsic-size: auto 130px; }
.card:hover { border-color: var(--accent); box-shadow: 0 4px 16px rgb(0 0 0 / .09); }
.line { display: flex; justify-content: space-between; gap: 10px; align-items: baseline; }
.line.small { font-size: 12.5px; color: var(--soft); font-variant-numeric: tabular-nums; }
.label { font: 400 20px/1.25 var(--serif); overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.score { font-variant-numeric: tabular-nums; font-weight: 600; font-size: 15px; }
.weak .label, .weak .score { color: var(--soft); font-weight: 400; }
.card canvas { display: block; width: 100%; aspect-ratio: calc(5 * var(--aspect) + 0.05); margin: 7px 0 6px; border-radius: 5px; background: var(--well); }
.nopicture { display: block; margin: 7px 0 6px; padding: 20px; text-align: center; color: var(--soft); background: var(--well); border-radius: 5px; }
.empty { grid-column: 1 / -1; margin: 24px 0; color: var(--soft); font: 400 19px/1.4 var(--serif); }
dialog { width: min(1240px, calc(100vw - 24px)); height: min(900px, calc(100dvh - 24px)); max-width: none; max-height: none; padding: 0; border: 1px solid var(--line); border-radius: 16px; background: var(--paper); color: var(--ink); box-shadow: 0 24px 80px rgb(0 0 0 / .35); overflow: hidden; }
dialog[open] { display: flex; flex-direction: column; }
body:has(dialog[open]) { overflow: hidden; }
dialog::backdrop { background: rgb(10 10 14 / .55); backdrop-filter: blur(3px); }
.bartop { display: flex; flex-wrap: wrap; align-items: center; gap: 10px 14px; padding: 16px 22px 14px; border-bottom: 1px solid var(--line); }
.bartop .name { flex: 1 1 220px; min-width: 0; }
.bartop p { margin: 2px 0 0; color: var(--soft); font-size: 14px; font-variant-numeric: tabular-nums; }
#detail-body { flex: 1; overflow: auto; display: grid; grid-template-columns: minmax(0, 1fr) 300px; gap: 8px 32px; padding: 18px 22px 26px; align-content: start; }
#tiles { display: grid; grid-template-columns: repeat(auto-fill, minmax(146px, 1fr)); gap: 12px; }
figure { margin: 0; }
figure canvas { display: block; width: 100%; aspect-ratio: var(--aspect); border-radius: 6px; background: var(--well); cursor: crosshair; }
figcaption { display: flex; justify-content: space-between; margin-top: 3px; color: var(--soft); font-size: 12px; font-variant-numeric: tabular-nums; }
.side > h3:first-child { margin-top: 0; }
#detail-title { outline: none; }
#facts { display: grid; grid-template-columns: 1fr auto; gap: 3px 14px; margin: 0; font-size: 14px; font-variant-numeric: tabular-nums; }
#facts dt { color: var(--soft); } #facts dt[title] { cursor: help; } #facts dd { margin: 0; text-align: right; }
#best, #legend { list-style: none; margin: 0; padding: 0; font-size: 14px; }
#best li { display: grid; grid-template-columns: 88px 1fr 44px; gap: 10px; align-items: center; padding: 2px 0; }
#best li span:first-child { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
#best .value { text-align: right; font-variant-numeric: tabular-nums; color: var(--soft); }
.track { height: 8px; border-radius: 4px; background: var(--well); overflow: hidden; }
.track span { display: block; height: 100%; border-radius: 4px; }
#legend { display: flex; flex-wrap: wrap; gap: 5px 16px; margin: 0 0 14px; font-size: 13px; }
#legend[hidden] { display: none; }
#legend li { display: inline-flex; align-items: center; gap: 6px; }
.swatch { width: 12px; height: 12px; border-radius: 3px; box-shadow: inset 0 0 0 1px rgb(128 128 128 / .4); }
#level { width: 100%; margin: 4px 0; }
.hint { color: var(--soft); font-size: 13px; margin: 4px 0 0; }
#under { margin: 0 0 10px; min-height: 1.5em; }
#under b { color: var(--ink); }
footer { margin-top: 48px; padding-top: 18px; padding-bottom: 40px; color: var(--soft); font-size: 13px; }
footer p { max-width: 76ch; margin: 0 0 6px; }
kbd { font: 12px var(--sans); border: 1px solid var(--line); border-radius: 4px; padding: 0 5px; background: var(--card); }
table { border-collapse: collapse; } td, th { text-align: left; padding: 2px 16px 2px 0; vertical-align: top; }
@media (prefers-color-scheme: dark) { .bars { --column: var(--light); --behind: color-mix(in srgb, var(--dark) 20%, transparent); } }
@media (max-width: 860px) {
  #tools { position: static; } #count { margin-left: 0; }
  dialog { width: 100vw; height: 100dvh; border-radius: 0; border: 0; }
  #detail-body { grid-template-columns: minmax(0, 1fr); padding: 14px 16px 24px; }
  .bartop { padding: 12px 16px; }
  #tiles { grid-template-columns: repeat(auto-fill, minmax(100px, 1fr)); gap: 8px; }
}
@media (prefers-reduced-motion: reduce) { * { transition: none !important; } }
@media print { #tools, .bartop button { display: none; } .card { break-inside: avoid; content-visibility: visible; } }
`;
