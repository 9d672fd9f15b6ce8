/**
 * How the page looks: the reader's font, size and theme, one colour of our own, others for what is wrong. Where a table
 * goes on beyond its box the edge has a shade, which the table's own ends cover.
 */
export const STYLE = `
:root {
  color-scheme: light dark;
  --page: #ffffff; --text: #1b1f24; --dim: #57606a; --line: #d5dae0;
  --accent: #0b5cad; --tint: #cfe2f6; --warn: #855600; --bad: #b42318;
}
@media screen and (prefers-color-scheme: dark) {
  :root {
    --page: #13171c; --text: #e3e7eb; --dim: #9ba5b0; --line: #333b44;
    --accent: #82b7f2; --tint: #23405f; --warn: #e5b84a; --bad: #ff938a;
  }
}
* { box-sizing: border-box }
html { background: var(--page); color: var(--text); font: 100%/1.5 system-ui, sans-serif; -webkit-text-size-adjust: 100% }
body { margin: 0 auto; max-width: 78rem; padding: 2rem clamp(1rem, 4vw, 3rem) 4rem }
h1, h2, h3, p, dl, figure { margin: 0 }
h1 { font-size: 1.75rem; line-height: 1.2; font-weight: 600 }
h2 { font-size: 1.3rem; line-height: 1.3; font-weight: 600 }
h3, caption { font-size: 1rem; font-weight: 600; text-align: left }
h1, h2, p, dd, nav a { overflow-wrap: anywhere }
section { margin-top: 3.5rem; padding-top: 1.25rem; border-top: 1px solid var(--line) }
section > * + *, header > * + *, .pair > div > * + * { margin-top: 1.25rem }
small, figcaption, .note { color: var(--dim); font-size: .875rem }
a { color: var(--accent) }
nav a { display: inline-block; margin-right: 1.25rem; padding: .125rem 0 }
.verdict { border-left: 4px solid var(--accent); padding: .125rem 0 .125rem .875rem; max-width: 60rem }
.verdict strong { color: var(--accent) }
.stale { border-color: var(--warn) } .stale strong { color: var(--warn) }
.down { border-color: var(--bad); border-left-style: double; border-left-width: 6px }
.down strong, .bad { color: var(--bad) }
header .verdict { font-size: 1.125rem }
dl { display: grid; grid-template-columns: repeat(auto-fill, minmax(9rem, 1fr)); gap: 1rem 2rem }
dt { color: var(--dim); font-size: .875rem }
dd { margin: 0 }
dd small { display: block }
.pair { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 30rem), 1fr)); gap: 2rem 3rem; align-items: start }
.pair > :empty { display: none }
.scroll {
  overflow-x: auto; background-repeat: no-repeat; background-attachment: local, local, scroll, scroll;
  background-image: linear-gradient(to right, var(--page) 30%, transparent), linear-gradient(to left, var(--page) 30%, transparent),
    linear-gradient(to right, var(--line), transparent), linear-gradient(to left, var(--line), transparent);
  background-position: left, right, left, right; background-size: 2.5rem 100%, 2.5rem 100%, .75rem 100%, .75rem 100%
}
.scroll:focus-visible, a:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px }
table { border-collapse: collapse; min-width: 100%; font-variant-numeric: tabular-nums }
caption { padding-bottom: .375rem }
th, td { padding: .3rem 1.25rem .3rem 0; text-align: left; vertical-align: top; border-bottom: 1px solid var(--line) }
th:last-child, td:last-child { padding-right: 0 }
thead th { color: var(--dim); font-size: .875rem; font-weight: 400; vertical-align: bottom; white-space: nowrap }
tbody th { font-weight: 400 }
.number { text-align: right }
.number, .short { white-space: nowrap }
td.text, th.text { min-width: 10rem }
time { white-space: nowrap }
svg { display: block; overflow: visible }
.plot { margin: .5rem 0 .375rem 3.75rem; width: calc(100% - 3.75rem) }
.grid { stroke: var(--line) }
.tick { fill: var(--dim); font-size: 12px }
.middle { text-anchor: middle } .end { text-anchor: end }
.line, .edge { fill: none; stroke: var(--accent); stroke-linejoin: round; stroke-linecap: round; vector-effect: non-scaling-stroke }
.line { stroke-width: 1.75px }
.edge { stroke-width: .75px; stroke-opacity: .6 }
.area { fill: var(--tint) }
.published { fill: var(--accent); stroke: var(--page) }
.unchanged { fill: var(--page); stroke: var(--accent); stroke-width: 1.25px }
.trashed { fill: none; stroke: var(--bad); stroke-width: 2.25px; stroke-linecap: round }
.marks { position: absolute }
.key { white-space: nowrap; margin-left: .75rem }
.key svg { display: inline-block; vertical-align: -2px }
@media print {
  html { font-size: 80% }
  body { max-width: none; padding: 0 }
  nav { display: none }
  a { color: inherit }
  .scroll { overflow: visible }
  section { margin-top: 1.5rem }
  h2, h3, caption { break-after: avoid }
  tr, figure, dl > div { break-inside: avoid }
}
`
