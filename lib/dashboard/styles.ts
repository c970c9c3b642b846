/**
 * How it looks: light and dark, from a narrow phone to a screen on a wall. Everything is below `.ts-dashboard`.
 *
 * @module
 */

const STYLES = `
.ts-dashboard {
  color-scheme: light dark;
  --bg: #f5f2fb; --card: #ffffff; --ink: #1d1730; --soft: #564d70; --line: #d9d1ea; --deep: #ece6f7;
  --brand: #6b3fa0; --on-brand: #ffffff; --data: #0b7285; --back: #8f5200; --stop: #b3261e; --good: #1a6e38; --window: #c27500;
  --glow: rgb(107 63 160 / 12%);
  color: var(--ink); background: var(--bg); font-family: system-ui, sans-serif;
  font-size: clamp(0.94rem, 0.62rem + 0.5vw, 1.7rem); line-height: 1.45;
  display: grid; gap: 1em; container-type: inline-size; font-variant-numeric: tabular-nums;
}
@media (prefers-color-scheme: dark) {
  .ts-dashboard {
    --bg: #110c1d; --card: #1b1430; --ink: #f0ebfc; --soft: #b9afd0; --line: #382c57; --deep: #261c42;
    --brand: #b892f5; --on-brand: #1a1030; --data: #45d5dc; --back: #ffc352; --stop: #ff8375; --good: #74dd97; --window: #ffc352;
    --glow: rgb(184 146 245 / 14%);
  }
}
.ts-dashboard *, .ts-dashboard *::before { box-sizing: border-box; }
.ts-dashboard [hidden] { display: none !important; }
.ts-dashboard :is(h2, h3, p, ul, ol) { margin: 0; padding: 0; }
.ts-dashboard :is(ul, ol) { list-style: none; }
.ts-dashboard h2 { font-size: 1.15em; }
.ts-dashboard :is(h3, .ts-end h2) { font-size: 1em; }
.ts-card { background: var(--card); border: 1px solid var(--line); border-radius: 0.9em; padding: 1em; min-width: 0; }
.ts-soft { color: var(--soft); font-size: 0.88em; }
.ts-label { color: var(--soft); font-size: 0.88em; }
.ts-number { font-weight: 650; }
.ts-right { margin-inline-start: auto; font-size: 0.88em; }
.ts-row { display: flex; flex-wrap: wrap; gap: 0.15em 0.8em; align-items: baseline; }
.ts-dashboard button {
  font: inherit; color: var(--ink); background: var(--deep); border: 1px solid var(--line); border-radius: 0.6em;
  padding: 0.3em 0.9em; cursor: pointer;
}
.ts-dashboard button:hover { border-color: var(--brand); }
.ts-dashboard button.ts-primary { background: var(--brand); border-color: var(--brand); color: var(--on-brand); font-weight: 600; }
.ts-dashboard :is(button, input, select, a, summary):focus-visible { outline: 3px solid var(--brand); outline-offset: 2px; }

.ts-status { display: flex; flex-wrap: wrap; gap: 0.5em 1em; align-items: center; }
.ts-phase { display: flex; gap: 0.55em; align-items: center; font-weight: 600; }
.ts-phase::before { content: ''; width: 0.7em; height: 0.7em; border-radius: 50%; background: var(--back); }
.ts-phase[data-phase='ready']::before { background: var(--good); box-shadow: 0 0 0 0.25em var(--glow); }
.ts-phase[data-phase='closed']::before { background: var(--stop); }
.ts-bar { flex: 1 1 10em; height: 0.55em; border-radius: 1em; background: var(--deep); overflow: hidden; min-width: 6em; }
.ts-bar > i { display: block; height: 100%; width: 100%; background: var(--brand); transform-origin: 0 0; transform: scaleX(var(--done, 0)); transition: transform 0.4s; }
.ts-warnings { color: var(--back); flex-basis: 100%; }
.ts-warnings:empty { display: none; }

.ts-way { display: grid; gap: 1em; }
.ts-say { font-size: 1.3em; line-height: 1.35; font-weight: 560; text-wrap: balance; min-height: 2.7em; max-width: 62em; }
.ts-track { display: grid; gap: 0.6em; grid-template-columns: minmax(0, 1fr); align-items: stretch; }
.ts-end { display: grid; gap: 0.5em; align-content: start; transition: border-color 0.3s, box-shadow 0.3s; }
.ts-end.ts-held { border-color: var(--stop); box-shadow: 0 0 0 1px var(--stop); }
.ts-end .ts-target { font-weight: 600; overflow-wrap: anywhere; }
.ts-idle .ts-end { opacity: 0.75; }

.ts-tank { position: relative; height: 2.6em; border-radius: 0.5em; border: 1px solid var(--line); background: var(--deep); overflow: hidden; }
.ts-fill { position: absolute; inset: 0; background: var(--data); opacity: 0.35; transform-origin: 0 0; transform: scaleX(var(--level, 0)); transition: transform 0.2s linear; }
.ts-tank-text { position: relative; display: grid; place-items: center; height: 100%; font-size: 0.88em; font-weight: 600; }
.ts-gauge { display: grid; gap: 0.2em; }
.ts-gauge-text { font-size: 0.88em; font-weight: 600; }
.ts-blocks { display: grid; grid-template-columns: repeat(10, 1fr); gap: 0.2em; }
.ts-block { height: 1.1em; border-radius: 0.2em; background: var(--deep); border: 1px solid var(--line); position: relative; overflow: hidden; }
.ts-block::before { content: ''; position: absolute; inset: 0; background: var(--window); transform-origin: 0 0; transform: scaleX(var(--part, 0)); transition: transform 0.2s linear; }
.ts-empty .ts-block { border-color: var(--stop); }
.ts-lamp { display: flex; gap: 0.5em; align-items: center; font-size: 0.88em; font-weight: 600; }
.ts-lamp::before { content: ''; width: 0.9em; height: 0.9em; border-radius: 50%; background: var(--good); }
.ts-lamp.ts-stop { color: var(--stop); }
.ts-lamp.ts-stop::before { border-radius: 0.15em; background: var(--stop); }

.ts-path { display: flex; min-width: 0; }
.ts-node { display: grid; justify-items: center; text-align: center; flex: 1 1 0; min-width: 0; position: relative; align-content: start; line-height: 1.2; padding-top: 0.15em; }
.ts-node > b { font-size: 0.86em; font-weight: 600; max-width: 100%; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.ts-node > small { color: var(--soft); font-size: 0.76em; }
.ts-dot { width: 1.5em; height: 1.5em; border-radius: 50%; background: var(--card); border: 0.22em solid var(--brand); position: relative; z-index: 1; margin-bottom: 0.3em; transition: opacity 0.4s, transform 0.4s; }
.ts-node-end > .ts-dot { border-radius: 0.4em; background: var(--brand); }
.ts-node-guard > .ts-dot { box-shadow: 0 0 0 0.25em var(--glow); }
.ts-node-exit > .ts-dot { border-style: double; border-width: 0.36em; }
.ts-node.ts-pending > .ts-dot { opacity: 0.35; transform: scale(0.6); }
.ts-pipe { position: absolute; inset-inline-end: calc(50% + 0.75em); width: calc(100% - 1.5em); top: 0.3em; height: 1.2em; display: grid; grid-template-rows: 1fr 1fr; }
.ts-pipe::before { content: ''; position: absolute; inset: 0.35em 0; border-radius: 1em; background: var(--deep); border: 1px solid var(--line); }
.ts-pipe.ts-pending::before { border-style: dashed; background: none; }
.ts-pipe > i { position: relative; background-repeat: repeat-x; opacity: 0; transition: opacity 0.4s; --size: 1.1em; background-size: var(--size) 100%; grid-row: 1 / span 2; grid-column: 1; }
.ts-pipe > .ts-data { background-image: radial-gradient(circle, var(--data) 0.19em, transparent 0.22em); animation: ts-flow 1s linear infinite; }
.ts-pipe > .ts-back { background-image: conic-gradient(from 225deg at 72% 50%, var(--back) 90deg, transparent 0); animation: ts-flow 1s linear infinite reverse; display: none; }
.ts-pipe.ts-up > .ts-data { animation-direction: reverse; }
.ts-pipe.ts-up > .ts-back { animation-direction: normal; }
.ts-pipe.ts-moves > .ts-data, .ts-pipe.ts-held > .ts-data, .ts-pipe.ts-acks > .ts-back { opacity: 1; }
.ts-pipe.ts-held > .ts-data { filter: grayscale(1); opacity: 0.55; }
@keyframes ts-flow { to { background-position-x: calc(-1 * var(--size)); } }

.ts-way .ts-path { align-self: center; container-type: inline-size; }
.ts-way .ts-dot { width: 2.6em; height: 2.6em; }
.ts-way .ts-node > b { font-size: 1em; }
.ts-way .ts-node > small { font-size: 0.84em; }
.ts-way .ts-pipe { top: 0.25em; height: 2.4em; inset-inline-end: calc(50% + 1.3em); width: calc(100% - 2.6em); }
.ts-way .ts-pipe::before { inset: 0.1em 0; }
.ts-way .ts-pipe > i { --size: 1.5em; }
.ts-way .ts-pipe > .ts-data { grid-row: 1; background-image: radial-gradient(circle, var(--data) 0.3em, transparent 0.34em); }
.ts-way .ts-pipe > .ts-back { grid-row: 2; display: block; --size: 3.2em; background-image: conic-gradient(from 235deg at 0.95em 50%, var(--window) 70deg, transparent 0); background-size: var(--size) 0.8em; background-position-y: 35%; }
.ts-way .ts-path > .ts-node-end { flex: 0 0 0; width: 0; padding: 0; }
.ts-way .ts-node-end > :not(.ts-pipe) { display: none; }
.ts-way .ts-node-end + .ts-node > .ts-pipe { width: calc(50% - 1.3em); }
.ts-way .ts-node-end > .ts-pipe { inset-inline-end: 0; width: calc(50cqw / var(--relays, 3) - 1.3em); }

.ts-graph { position: relative; height: 9em; border-radius: 0.5em; background: var(--deep); overflow: hidden; }
.ts-graph svg { position: absolute; inset: 0; width: 100%; height: 100%; }
.ts-graph path { vector-effect: non-scaling-stroke; fill: none; stroke-width: 2; stroke-linejoin: round; }
.ts-graph .ts-area { fill: var(--data); opacity: 0.22; stroke: none; }
.ts-graph .ts-line-in { stroke: var(--data); }
.ts-graph .ts-line-out { stroke: var(--brand); }
.ts-graph-top { position: absolute; inset-block-start: 0.3em; inset-inline-start: 0.7em; font-size: 0.8em; color: var(--soft); }
.ts-graph.ts-small { height: 2.2em; }
.ts-legend { display: flex; flex-wrap: wrap; gap: 0.2em 1.2em; font-size: 0.88em; }
.ts-legend > span::before { content: ''; display: inline-block; width: 1.1em; height: 0.3em; border-radius: 1em; background: var(--data); margin-inline-end: 0.45em; vertical-align: middle; }
.ts-way > .ts-legend { justify-content: center; }
.ts-way > .ts-legend > span::before { width: 0.7em; height: 0.7em; border-radius: 50%; vertical-align: -0.05em; }
.ts-way > .ts-legend > .ts-legend-back::before { background: var(--window); border-radius: 0; clip-path: polygon(0 0, 100% 50%, 0 100%); }
.ts-legend > .ts-legend-out::before { background: var(--brand); }

.ts-columns { display: grid; gap: 1em; grid-template-columns: minmax(0, 1fr); align-items: start; }
.ts-controls:empty { display: none; }
.ts-side { display: grid; gap: 1em; min-width: 0; }
.ts-side > .ts-card, .ts-columns > .ts-card { display: grid; gap: 0.7em; }
.ts-circuits { display: grid; gap: 0.9em; }
.ts-circuit { display: grid; gap: 0.5em; padding-top: 0.8em; border-top: 1px solid var(--line); transition: opacity 0.4s; }
.ts-circuit[data-state='retired'] { opacity: 0.8; }
.ts-circuit[data-state='retired'] .ts-dot { border-style: dashed; }
.ts-circuit[data-state='closed'] { opacity: 0.45; }
.ts-circuit .ts-path { max-width: 44em; }
.ts-streams { display: grid; gap: 0.5em; padding-inline-start: 0.9em; border-inline-start: 0.22em solid var(--data); }
.ts-stream { display: grid; gap: 0.3em; }
.ts-dashboard button.ts-target { padding: 0 0.5em; overflow-wrap: anywhere; text-align: start; }
.ts-dashboard button.ts-target[aria-pressed='true'] { border-color: var(--brand); color: var(--brand); font-weight: 600; }
.ts-chip { font-size: 0.82em; font-weight: 600; color: var(--soft); }
.ts-chip[data-hold='flows'] { color: var(--data); }
.ts-chip[data-hold='reader'], .ts-chip[data-hold='far-end'] { color: var(--stop); }

@container (min-width: 46em) {
  .ts-track { grid-template-columns: minmax(11em, 15em) minmax(0, 1fr) minmax(11em, 15em); gap: 0; }
}
@container (min-width: 64em) {
  .ts-columns { grid-template-columns: minmax(0, 5fr) minmax(0, 7fr); }
  .ts-columns:has(> .ts-controls:empty) { grid-template-columns: minmax(0, 1fr); }
}
@media (prefers-reduced-motion: reduce) {
  .ts-pipe > i { animation: none !important; }
  .ts-dashboard * { transition: none !important; }
}
@media (forced-colors: active) {
  .ts-fill, .ts-block::before, .ts-bar > i { background: Highlight; }
}
`

const sheets = new WeakMap<Document, CSSStyleSheet>()

/** Makes the styles hold in the document, once. A policy against inline styles allows them. */
export function addStyles(to: Document): void {
  if (sheets.has(to)) return
  const sheet = new CSSStyleSheet()
  sheet.replaceSync(STYLES)
  to.adoptedStyleSheets = [...to.adoptedStyleSheets, sheet]
  sheets.set(to, sheet)
}
