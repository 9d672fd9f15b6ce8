/** The figures as Markdown. */
import type { Verdict } from './bars.ts'
import {
  type Figure,
  ratioTo,
  type Sample,
  SUBJECTS,
  type Subject,
  series,
  subjectsOf,
  trialsOf,
} from './samples.ts'
import { type Spread, spread } from './statistics.ts'

interface Column {
  readonly metric: string
  readonly label: string
}

export interface Section {
  readonly trial: string
  readonly title: string
  /** what the width of its trials is called, if there is more than one */
  readonly width?: string
  /** of the first column */
  readonly better: 'more' | 'less'
  /** the first is the one that is drawn, and held against every peer */
  readonly columns: readonly [Column, ...Column[]]
  readonly peers: readonly Subject[]
  /** held against the first peer, too */
  readonly also?: Column
}

export const SECTIONS: readonly Section[] = [
  {
    trial: 'match',
    better: 'more',
    title: 'MATCH over UDP: random known keys of passwd.byname and passwd.byuid, every reply checked',
    width: 'outstanding',
    columns: [
      { metric: 'rate', label: 'MATCH/s' },
      { metric: 'cpu', label: 'CPU µs each' },
      { metric: 'beside', label: 'of its other processes' },
      { metric: 'p50', label: 'p50 µs' },
      { metric: 'p99', label: 'p99 µs' },
    ],
    peers: ['ypserv', 'slapi-nis', 'c-match'],
    also: { metric: 'cpu', label: 'CPU' },
  },
  {
    trial: 'scale',
    better: 'more',
    title: 'MATCH over UDP of many users, and of few in the same rounds',
    width: 'outstanding',
    columns: [
      { metric: 'rate', label: 'MATCH/s' },
      { metric: 'cpu', label: 'CPU µs each' },
      { metric: 'p50', label: 'p50 µs' },
      { metric: 'p99', label: 'p99 µs' },
    ],
    peers: ['small'],
  },
  {
    trial: 'walk',
    better: 'more',
    title: 'FIRST and NEXT over UDP: a walk through passwd.byname, one call at a time',
    columns: [{ metric: 'rate', label: 'records/s' }],
    peers: ['ypserv'],
  },
  {
    trial: 'all',
    better: 'less',
    title: 'ALL of passwd.byname over TCP, from the call to the last byte, every record checked',
    columns: [
      { metric: 'ms', label: 'ms' },
      { metric: 'cpu', label: 'CPU ms' },
      { metric: 'megabytes', label: 'MB' },
    ],
    peers: ['ypserv', 'slapi-nis', 'c-all'],
    also: { metric: 'cpu', label: 'CPU' },
  },
  {
    trial: 'streams',
    better: 'less',
    title: 'ALL, many streams at once, to the last byte of the last',
    width: 'streams',
    columns: [
      { metric: 'ms', label: 'ms' },
      { metric: 'cpu', label: 'CPU ms' },
      { metric: 'peak', label: 'peak MB of the server process' },
    ],
    peers: ['ypserv', 'sender'],
  },
  {
    trial: 'mixed',
    better: 'less',
    title: 'MATCH one at a time, while clients stream ALL without a pause',
    width: 'clients',
    columns: [
      { metric: 'p99', label: 'p99 µs' },
      { metric: 'p50', label: 'p50 µs' },
      { metric: 'longest', label: 'longest ms' },
      { metric: 'streams', label: 'streams/s' },
    ],
    peers: ['ypserv'],
  },
  {
    trial: 'publish',
    better: 'less',
    title: 'A refresh that changes one user, on both cores, asked every millisecond all the while',
    columns: [
      { metric: 'longest', label: 'longest gap ms' },
      { metric: 'idle', label: 'without a refresh' },
      { metric: 'refresh', label: 'refresh ms' },
      { metric: 'rss', label: 'all processes 2 s later, resident MB' },
      { metric: 'pss', label: 'proportional MB' },
    ],
    peers: [],
  },
  {
    trial: 'refresh',
    better: 'less',
    title: 'A refresh over LDAP that changes one user, on both cores, beside ldapsearch of the same in pages',
    columns: [
      { metric: 'ms', label: 'ms' },
      { metric: 'rss', label: 'all processes, resident MB' },
    ],
    peers: ['ldapsearch'],
  },
  {
    trial: 'memory',
    better: 'less',
    title: 'Memory of all processes of a server, when MATCH and ALL have been measured',
    columns: [
      { metric: 'rss', label: 'resident MB' },
      { metric: 'pss', label: 'proportional MB' },
    ],
    peers: ['ypserv', 'slapi-nis'],
  },
  {
    trial: 'start',
    better: 'less',
    title: 'Start to first right answer from a committed image, on both cores',
    columns: [{ metric: 'ms', label: 'ms' }],
    peers: [],
  },
  {
    trial: 'build',
    better: 'less',
    title: 'Making an image out of rows, in a fresh process, on both cores',
    columns: [
      { metric: 'ms', label: 'ms' },
      { metric: 'megabytes', label: 'MB' },
    ],
    peers: [],
  },
  {
    trial: 'nested',
    better: 'less',
    title:
      'Making an image out of entries with 20,000 groups and 5,000 netgroups, five deep, in a fresh process',
    columns: [
      { metric: 'ms', label: 'ms of CPU' },
      { metric: 'megabytes', label: 'MB' },
    ],
    peers: [],
  },
]

export interface Conditions {
  /** `date`, `machine`, … in the order they are shown */
  readonly facts: Readonly<Record<string, string>>
  /** rounds that were disturbed, and what could not be measured */
  readonly notes: readonly string[]
}

export function report(samples: readonly Sample[], { facts, notes }: Conditions): string {
  return [
    ...Object.entries(facts).map(([name, value]) => `- ${name}: ${value}`),
    '',
    'Medians of the rounds, least–most behind them; ratios are medians of the ratios of each round.',
    '',
    ...SECTIONS.flatMap((section) => sectionLines(samples, section)),
    ...(notes.length === 0 ? [] : ['## Notes', '', ...notes.map((note) => `- ${note}`), '']),
  ].join('\n')
}

function sectionLines(samples: readonly Sample[], section: Section): readonly string[] {
  const trials = trialsOf(samples, section.trial)
  if (trials.length === 0) return []
  const { columns, also } = section
  const [main] = columns
  const present = new Set(trials.flatMap((trial) => subjectsOf(samples, trial)))
  const peers = section.peers.filter((peer) => present.has(peer))
  const comparisons = [
    ...peers.map((peer) => ({ ...main, peer })),
    ...peers.slice(0, 1).flatMap((peer) => (also === undefined ? [] : [{ ...also, peer }])),
  ]
  const head = [
    'server',
    'users',
    ...(section.width === undefined ? [] : [section.width]),
    ...columns.map(({ label }) => label),
    ...comparisons.map(({ label, peer }) => `${label} over ${SUBJECTS[peer].split(',')[0]}`),
  ]
  const rows = trials.flatMap((trial) =>
    subjectsOf(samples, trial).map((subject) => {
      const figure = (metric: string): Figure => ({ ...trial, subject, metric })
      return [
        SUBJECTS[subject],
        plain(trial.users),
        ...(section.width === undefined ? [] : [plain(trial.width)]),
        ...columns.map(({ metric }) => cell(spread([...series(samples, figure(metric)).values()]))),
        ...comparisons.map(({ metric, peer }) =>
          peer === subject ? '' : cell(spread(ratioTo(samples, figure(metric), peer))),
        ),
      ]
    }),
  )
  return [`## ${section.title}`, '', ...markdown(head, rows), '']
}

/** Columns as wide as their widest cell, so that it reads well without being rendered, too. */
export function markdown(head: readonly string[], rows: readonly (readonly string[])[]): readonly string[] {
  const widths = head.map((label, column) =>
    Math.max(label.length, ...rows.map((row) => (row[column] ?? '').length)),
  )
  const line = (cells: readonly string[]) =>
    `| ${cells.map((text, column) => text.padEnd(widths[column] ?? 0)).join(' | ')} |`
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)]
}

export function verdictLines(verdicts: readonly Verdict[]): readonly string[] {
  const rows = verdicts.map(({ what, value, bar, rounds, disturbed, leftOut, ...verdict }) => [
    wordFor({ leftOut, ...verdict }),
    what,
    value === undefined ? (leftOut ?? 'not measured') : number(value),
    bar,
    `${disturbed} of ${rounds}`,
  ])
  const said = 'Judged by the rounds that nothing disturbed, where there are such.'
  return ['## Bars', '', said, '', ...markdown(['', 'what', 'median', 'bar', 'rounds disturbed'], rows), '']
}

function wordFor({ passed, leftOut, undecided }: Pick<Verdict, 'passed' | 'leftOut' | 'undecided'>): string {
  if (leftOut !== undefined) return 'left out'
  if (undecided) return 'undecided'
  return passed ? 'pass' : 'FAIL'
}

function cell(values: Spread | undefined): string {
  if (values === undefined) return ''
  const { median, least, most } = values
  return least === most ? number(median) : `${number(median)} (${number(least)}–${number(most)})`
}

/** Three digits that count, and no more. */
export function number(value: number): string {
  const size = Math.abs(value)
  if (size >= 100) return plain(Math.round(value))
  if (size >= 10) return value.toFixed(1)
  return value.toFixed(size >= 1 || value === 0 ? 2 : 3)
}

function plain(value: number): string {
  return value.toLocaleString('en-US')
}
