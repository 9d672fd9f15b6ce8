/** Requests: how many, how fast they were answered, for what. */
import { OUTCOMES, PROCEDURES, type RequestCount } from '../messages/usage.ts'
import { type Html, html, NOTHING, outside } from './html.ts'
import { limitsMet } from './limits-met.ts'
import { area, areaKey, line, lineKey, lines, plot } from './plot.ts'
import { linear, logarithmic } from './scale.ts'
import { table } from './table.ts'
import { runs, type Thinned, thin } from './thin.ts'
import { type TimeAxis, timeAxis } from './time-axis.ts'
import type { PageView } from './view.ts'
import { counted, duration, number, rate } from './words.ts'

const MAX_MAPS_SHOWN = 12

const OUTCOME_WORDS: Readonly<Record<RequestCount['outcome'], string>> = {
  true: 'found',
  success: 'answered',
  nomore: 'end of map',
  nokey: 'no such key',
  nomap: 'no such map',
  nodom: 'no such domain',
  silence: 'left to others',
  baddb: 'bad database',
  yperr: 'server error',
  badargs: 'bad arguments',
  garbage_args: 'garbage',
  proc_unavail: 'no such procedure',
  prog_mismatch: 'other version',
  prog_unavail: 'other program',
  denied: 'denied',
}

export function requestsSection(view: PageView): Html {
  return html`<section aria-labelledby="requests">
<h2 id="requests">Requests</h2>
${totals(view)}
${plots(view)}${procedureTable(view.usage)}<div class="pair">
<div>${mapTable(view)}</div>
<div>${view.status.requests === null ? NOTHING : limitsMet(view.status.requests)}</div>
</div>
</section>
`
}

function totals({ status: { requests } }: PageView): Html {
  if (requests === null) return html`<p class="bad">There is no server process that could be asked.</p>`
  const { udp, tcp } = requests
  return html`<p>Since the server process was started: ${counted(udp.calls, 'call')} over UDP; ${counted(
    tcp.calls,
    'call',
  )} over TCP, on ${counted(tcp.connections, 'connection')}, of which ${tcp.open} are open.</p>`
}

function plots({ history: { samples }, status: { now } }: PageView): Html {
  const x = timeAxis(samples[0]?.at ?? now, now)
  const thinned = thin(samples, x.from, x.to)
  // There may be samples, but none of before now by a clock that was set back.
  if (thinned.points.length === 0) return html`<p>No rate or latency has been measured yet.</p>\n`
  return html`<div class="pair">
${ratePlot(thinned, x)}${latencyPlot(thinned, x)}</div>
`
}

function ratePlot({ points, seconds }: Thinned, x: TimeAxis): Html {
  const highest = points.reduce((best, point) => (point.peak > best.peak ? point : best), points[0]!)
  const y = linear(highest.peak)
  const mean = points.reduce((sum, { rate }) => sum + rate, 0) / points.length
  const text = `${rate(points.at(-1)!.rate)} calls a second lately, ${rate(mean)} on average, ${rate(highest.peak)} at most.`
  const parts = runs(points, seconds)
  const means = parts.map((run) => run.map(({ at, rate }) => ({ at, value: rate })))
  const peaks = parts.map((run) => run.map(({ at, peak }) => ({ at, value: peak, floor: 0 })))
  return html`<figure>
<h3>Calls a second</h3>
${plot({
  id: 'rate',
  title: 'Calls a second',
  description: text,
  x,
  y,
  label: rate,
  content: lines([area(x, y, peaks), line(x, y, means)]),
})}
<figcaption>${text} ${lineKey('average')}${areaKey('most in 10 s')}</figcaption>
</figure>
`
}

function latencyPlot({ points, seconds }: Thinned, x: TimeAxis): Html {
  const answered = points.flatMap(({ at, median, p99 }) =>
    // Less than the least bound can't be told, and nothing has no logarithm.
    median === undefined || p99 === undefined
      ? []
      : [{ at, median: Math.max(1, median), p99: Math.max(1, p99) }],
  )
  const last = answered.at(-1)
  if (last === undefined) return NOTHING
  const worst = Math.max(...answered.map(({ p99 }) => p99))
  const y = logarithmic(Math.min(...answered.map(({ median }) => median)), worst)
  const text = `Half of the answers went out within ${duration(last.median)} lately, 99 of 100 within ${duration(last.p99)}; at worst within ${duration(worst)}.`
  const parts = runs(answered, seconds)
  const medians = parts.map((run) => run.map(({ at, median }) => ({ at, value: median })))
  const p99s = parts.map((run) => run.map(({ at, median, p99 }) => ({ at, value: p99, floor: median })))
  return html`<figure>
<h3>Time to answer</h3>
${plot({
  id: 'latency',
  title: 'Time to answer',
  description: text,
  x,
  y,
  label: duration,
  content: lines([area(x, y, p99s), line(x, y, medians)]),
})}
<figcaption>${text} ${lineKey('half')}${areaKey('99 of 100')}</figcaption>
</figure>
`
}

function procedureTable(usage: readonly RequestCount[]): Html {
  const outcomes = OUTCOMES.filter((outcome) => usage.some((one) => one.outcome === outcome))
  const procedures = [...PROCEDURES, 'other' as const].filter((procedure) =>
    usage.some((one) => one.procedure === procedure),
  )
  return table({
    id: 'procedures',
    caption: 'Calls by procedure and outcome',
    columns: {
      Procedure: 'short',
      ...Object.fromEntries(outcomes.map((outcome) => [OUTCOME_WORDS[outcome], 'number' as const])),
      all: 'number',
    },
    rows: procedures.map((procedure) => {
      const calls = usage.filter((one) => one.procedure === procedure)
      return [
        procedure.toUpperCase(),
        ...outcomes.map((outcome) => callsOf(calls.filter((one) => one.outcome === outcome))),
        callsOf(calls),
      ]
    }),
  })
}

function mapTable({ usage, status: { domains } }: PageView): Html {
  const named = usage.filter(({ map }) => map !== '')
  const all = named.reduce((sum, { calls }) => sum + calls, 0)
  const maps = [...Map.groupBy(named, ({ domain, map }) => `${domain}/${map}`).values()]
    .map((counts) => ({ ...counts[0]!, calls: counts.reduce((sum, { calls }) => sum + calls, 0) }))
    .sort((a, b) => b.calls - a.calls)
  return table({
    id: 'used-maps',
    caption: 'The most used maps',
    columns: {
      Map: 'short',
      ...(domains.length > 1 ? { Domain: 'short' } : {}),
      Calls: 'number',
      Share: 'number',
    },
    rows: maps
      .slice(0, MAX_MAPS_SHOWN)
      .map(({ domain, map, calls }) => [
        outside(map),
        ...(domains.length > 1 ? [outside(domain)] : []),
        number(calls),
        share(calls, all),
      ]),
  })
}

/** Nothing, where there were none: what happened stands out. */
function callsOf(counts: readonly RequestCount[]): string {
  const calls = counts.reduce((sum, one) => sum + one.calls, 0)
  return calls === 0 ? '' : number(calls)
}

function share(part: number, all: number): string {
  const percent = (100 * part) / all
  return percent < 1 ? 'under 1 %' : `${Math.round(percent)} %`
}
