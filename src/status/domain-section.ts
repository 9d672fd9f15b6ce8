/** A domain: how it fares, where its data come from, what is served of it, and what is not. */
import { age, span } from '../control/units.ts'
import { verdictOf } from '../control/verdict.ts'
import type { DomainStatus } from '../messages/control.ts'
import { type Content, type Html, html, NOTHING, outside } from './html.ts'
import { refreshPlot } from './refresh-plot.ts'
import { table } from './table.ts'
import { verdictLine } from './verdict-line.ts'
import type { PageView } from './view.ts'
import { ago, coming, counted, number, time } from './words.ts'

/** Of what a domain has more of, the page shows the first. */
const MAX_ROWS = 100

const DIRECTORY_STATES: Readonly<Record<DomainStatus['directories'][number]['state'], string>> = {
  waiting: 'not read yet',
  reading: 'being read',
  fresh: 'fresh',
  kept: 'failed; its last rows are served',
  failed: 'failed; nothing of it is served',
}

/** `id` begins the ids within. */
export function domainSection(id: string, domain: DomainStatus, view: PageView): Html {
  const { now, domains } = view.status
  return html`<section aria-labelledby="${id}">
<h2 id="${id}">Domain ${outside(domain.name)}</h2>
${domains.length > 1 ? verdictLine(verdictOf({ ...view.status, domains: [domain] })) : NOTHING}
<dl>${facts(domain, now).map(([name, fact]) => html`<div><dt>${name}</dt><dd>${fact}</dd></div>\n`)}</dl>
${refreshPlot(
  `${id}-refreshes`,
  view.history.refreshes.filter((one) => one.domain === domain.name),
  now,
)}${directoryTable(`${id}-directories`, domain, now)}<div class="pair">
<div>${mapTable(`${id}-maps`, domain, view)}</div>
<div>${rejectedTables(`${id}-rejected`, domain, view)}</div>
</div>
</section>
`
}

function facts(domain: DomainStatus, now: number): readonly (readonly [string, Content])[] {
  const { image, last, refreshing, next, interval, expire } = domain
  return [
    ...(image === null
      ? [['Served', 'nothing'] as const]
      : [
          ['Served', `${counted(image.users, 'user')}, ${counted(image.groups, 'group')}`] as const,
          ['Found true', [ago(image.fresh, now), note(time(image.fresh))]] as const,
          ['Generation', [number(image.generation), note(time(image.created))]] as const,
        ]),
    ...(last === null
      ? []
      : [['Last refresh', [outcomeOf(last), note(html`in ${span(last.took)}, ${time(last.at)}`)]] as const]),
    ['Next refresh', [refreshing ? 'under way' : coming(next, now), note(`every ${age(interval)}`)]],
    ...(expire === null ? [] : [['Expires', [age(expire), note('after it was last found true')]] as const]),
  ]
}

function outcomeOf({ outcome, entries }: NonNullable<DomainStatus['last']>): Content {
  return outcome === 'trashed'
    ? html`<span class="bad">thrown away</span>`
    : `${outcome}, ${counted(entries, 'entry', 'entries')}`
}

function note(content: Content): Html {
  return html` <small>${content}</small>`
}

function directoryTable(id: string, { directories }: DomainStatus, now: number): Html {
  return table({
    id,
    caption: 'Directories',
    columns: {
      Directory: 'short',
      State: 'text',
      Entries: 'number',
      Took: 'number',
      'Last read': 'short',
      'Next try': 'short',
      From: 'short',
    },
    rows: directories.map(({ label, state, source, fetched, entries, took, next, error }) => [
      outside(label),
      error === ''
        ? DIRECTORY_STATES[state]
        : html`<span class="bad">${DIRECTORY_STATES[state]}: ${outside(error)}</span>`,
      fetched === 0 ? '' : number(entries),
      took === 0 ? '' : span(took),
      fetched === 0 ? 'never' : ago(fetched, now),
      state === 'reading' ? 'under way' : coming(next, now),
      outside(source),
    ]),
  })
}

function mapTable(id: string, { name, image }: DomainStatus, { usage }: PageView): Html {
  const maps = image?.maps ?? []
  const calls = new Map<string, number>()
  for (const one of usage) if (one.domain === name) calls.set(one.map, (calls.get(one.map) ?? 0) + one.calls)
  return table({
    id,
    caption: firstOf('Maps', maps.length),
    columns: { Map: 'short', Records: 'number', Calls: 'number', 'Ports of callers': 'short' },
    rows: maps
      .slice(0, MAX_ROWS)
      .map((map) => [
        outside(map.name),
        number(map.records),
        number(calls.get(map.name) ?? 0),
        map.secure ? 'reserved' : 'any',
      ]),
  })
}

function rejectedTables(id: string, { name, last }: DomainStatus, { rejected }: PageView): Html {
  const rows = rejected.find(({ domain }) => domain === name)?.rows ?? []
  const total = Math.max(last?.rejected ?? 0, rows.length)
  if (total === 0) return last === null ? NOTHING : html`<p>No rows were left out or cut.</p>\n`
  return html`${table({
    id: `${id}-reasons`,
    caption: 'Rows left out or cut, by reason',
    columns: { Reason: 'text', Rows: 'number' },
    rows: (last?.reasons ?? []).map(({ reason, rows }) => [outside(reason), number(rows)]),
  })}${table({
    id,
    caption: firstOf('Rows left out or cut', total, rows.length),
    columns: { Entry: 'text', Reason: 'text' },
    rows: rows.slice(0, MAX_ROWS).map(({ dn, reason }) => [distinguishedName(dn), outside(reason)]),
  })}`
}

function firstOf(what: string, total: number, known = total): string {
  const shown = Math.min(MAX_ROWS, known)
  return shown < total ? `${what}: the first ${shown} of ${number(total)}` : `${what} (${number(total)})`
}

/** Lines break where a part ends. */
function distinguishedName(dn: string): Html {
  return html`<bdi>${dn.split(',').map((part, index) => (index === 0 ? part : html`,<wbr>${part}`))}</bdi>`
}
