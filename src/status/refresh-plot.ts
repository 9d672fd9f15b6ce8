/** How long refreshes of a domain took, and what came of each: by colour and by shape. */
import { moment, span } from '../control/units.ts'
import { clip } from '../messages/common.ts'
import { type Html, html, NOTHING } from './html.ts'
import { across, down, key, plot } from './plot.ts'
import { logarithmic } from './scale.ts'
import { timeAxis } from './time-axis.ts'
import type { Refresh } from './view.ts'
import { counted, duration } from './words.ts'

/** More marks could not be told apart. */
const MAX_MARKS = 500

/** Characters of why one was thrown away: there may be many such. */
const MAX_REASON = 200

type Outcome = Refresh['outcome']

/** Each around 0, 0. */
const SHAPES: Readonly<Record<Outcome, string>> = {
  published: 'M-5 0L0 -5L5 0L0 5Z',
  unchanged: 'M-3 0a3 3 0 1 0 6 0a3 3 0 1 0 -6 0Z',
  trashed: 'M-4.5 -4.5L4.5 4.5M4.5 -4.5L-4.5 4.5',
}

const MEANINGS: Readonly<Record<Outcome, string>> = {
  published: 'published: something had changed',
  unchanged: 'unchanged',
  trashed: 'thrown away',
}

const OUTCOMES = Object.keys(SHAPES) as readonly Outcome[]

/** Once on a page: what the marks of all plots are. */
export const MARKS = html`<svg class="marks" aria-hidden="true" width="0" height="0"><defs>${OUTCOMES.map(
  (outcome) => html`<path id="mark-${outcome}" d="${SHAPES[outcome]}"/>`,
)}</defs></svg>
`

export function refreshPlot(id: string, history: readonly Refresh[], now: number): Html {
  const refreshes = history.slice(-MAX_MARKS)
  const [oldest] = refreshes
  if (oldest === undefined) return NOTHING
  const x = timeAxis(oldest.at, now)
  // By a clock that counts milliseconds one may take none.
  const took = refreshes.map(({ took }) => Math.max(1, took)).sort((a, b) => a - b)
  const y = logarithmic(took[0]!, took.at(-1)!)
  const present = OUTCOMES.filter((outcome) => refreshes.some((one) => one.outcome === outcome))
  const text = summary(refreshes, took)
  return html`<figure>
<h3>Refreshes</h3>
${plot({
  id,
  title: `Refreshes of ${oldest.domain}: how long each took`,
  description: text,
  x,
  y,
  label: (milliseconds) => duration(1000 * milliseconds),
  content: refreshes.map((refresh) =>
    mark(refresh, across(x, refresh.at), down(y, Math.max(1, refresh.took))),
  ),
})}
<figcaption>${text}${present.map((outcome) =>
    key(14, html`<use class="${outcome}" href="#mark-${outcome}" x="7" y="7"/>`, MEANINGS[outcome]),
  )}</figcaption>
</figure>
`
}

/** A pointer over it shows what it was. */
function mark({ outcome, at, took, reason }: Refresh, x: string, y: string): Html {
  const why = outcome === 'trashed' ? `: ${clip(reason, MAX_REASON)}` : ''
  return html`<use class="${outcome}" href="#mark-${outcome}" x="${x}" y="${y}"><title>${moment(at)}, ${outcome} after ${span(took)}${why}</title></use>
`
}

function summary(refreshes: readonly Refresh[], took: readonly number[]): string {
  const trashed = refreshes.filter(({ outcome }) => outcome === 'trashed').length
  const published = refreshes.filter(({ outcome }) => outcome === 'published').length
  const found = [
    ...(published > 0 ? [`${published} published`] : []),
    ...(trashed > 0 ? [`${trashed} thrown away`] : []),
  ]
  const what = found.length === 0 ? 'none found a change' : found.join(', ')
  return `${counted(refreshes.length, 'refresh', 'refreshes')}, ${what}. Half took ${span(took[took.length >> 1]!)} or less, the longest ${span(took.at(-1)!)}.`
}
