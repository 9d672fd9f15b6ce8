/**
 * What the figures must reach. A quick run, which is less exact, fails only far below, and for ratios: milliseconds
 * and megabytes are those of a machine.
 */
import { type Figure, isOf, ratioTo, type Sample, SUBJECTS, type Subject, series } from './samples.ts'
import { median } from './statistics.ts'

/** What a quick run must reach of a bar. */
const QUICK_SHARE = 0.7

export interface Bar {
  readonly what: string
  readonly figure: Figure
  /** the bar is for the figure over this one's, round by round */
  readonly peer?: Subject
  readonly atLeast?: number
  readonly atMost?: number
  /** only a full run measures it */
  readonly full?: true
}

/** Why a subject could not be measured here. */
export type Absent = ReadonlyMap<Subject, string>

const SMALL = 10_000
const LARGE = 100_000
const HUGE = 1_000_000
/** calls outstanding */
const BUSY = [16, 64] as const

/** `main` is the one that is installed: with koffi, if it can be loaded. */
export function barsFor(main: 'ypldap' | 'ypldap-dgram', absent: Absent = new Map()): readonly Bar[] {
  return [
    ...(main === 'ypldap' ? batchedBars(absent) : []),
    ...[1, ...BUSY].map((width) => matchBar('ypldap-dgram', SMALL, width, 'ypserv', 0.85)),
    ...allBars(main, absent),
    ...lifeBars(main),
  ]
}

function batchedBars(absent: Absent): readonly Bar[] {
  // Without a compiler the one that answers all calls alike, which is more to ask.
  const floor = absent.has('c-match') ? 'batched' : 'c-match'
  return [
    ...BUSY.map((width) => matchBar('ypldap', SMALL, width, 'ypserv', 3)),
    ...BUSY.map((width): Bar => ({ ...matchBar('ypldap', SMALL, width, 'slapi-nis', 2.2), full: true })),
    ...BUSY.map((width) => matchBar('ypldap', LARGE, width, floor, 0.65)),
    ...BUSY.map(
      (width): Bar => ({
        what: `ypldap: CPU of a MATCH, ${width} outstanding, ${plain(SMALL)} users, over ypserv's`,
        figure: { trial: 'match', users: SMALL, width, subject: 'ypldap', metric: 'cpu' },
        peer: 'ypserv',
        atMost: 0.35,
      }),
    ),
    ...(['p50', 'p99'] as const).map(
      (metric): Bar => ({
        what: `ypldap: ${metric} of MATCH, 1 outstanding, ${plain(SMALL)} users, over ypserv's`,
        figure: { trial: 'match', users: SMALL, width: 1, subject: 'ypldap', metric },
        peer: 'ypserv',
        atMost: 1,
      }),
    ),
  ]
}

function matchBar(subject: Subject, users: number, width: number, peer: Subject, atLeast: number): Bar {
  return {
    what: `${SUBJECTS[subject]}: MATCH/s, ${width} outstanding, ${plain(users)} users, over ${nameOf(peer)}`,
    figure: { trial: 'match', users, width, subject, metric: 'rate' },
    peer,
    atLeast,
  }
}

function allBars(subject: Subject, absent: Absent): readonly Bar[] {
  const all = { trial: 'all', users: LARGE, width: 1, subject } as const
  const floor = absent.has('c-all') ? 'sender' : 'c-all'
  return [
    {
      // Most of it is the client's own reading, on which a quick run would fail by chance: a sender in C is near 0.16.
      what: "ALL of 100,000 users: time over ypserv's",
      figure: { ...all, metric: 'ms' },
      peer: 'ypserv',
      atMost: 0.125,
      full: true,
    },
    {
      what: "ALL of 100,000 users: CPU over ypserv's",
      figure: { ...all, metric: 'cpu' },
      peer: 'ypserv',
      atMost: 0.125,
    },
    {
      what: `ALL of 100,000 users: time over ${nameOf(floor)}`,
      figure: { ...all, metric: 'ms' },
      peer: floor,
      atMost: 1.3,
    },
    {
      what: "p99 of MATCH beside 16 clients that stream ALL of 100,000 users, over ypserv's",
      figure: { trial: 'mixed', users: LARGE, width: 16, subject, metric: 'p99' },
      peer: 'ypserv',
      atMost: 1,
    },
  ]
}

function lifeBars(subject: Subject): readonly Bar[] {
  const large = { users: LARGE, width: 1, subject } as const
  return [
    ...BUSY.map(
      (width): Bar => ({
        what: `MATCH/s, ${width} outstanding, of 1,000,000 users over the same of 10,000`,
        figure: { trial: 'scale', users: HUGE, width, subject, metric: 'rate' },
        peer: 'small',
        atLeast: 0.8,
        full: true,
      }),
    ),
    {
      what: 'longest gap between two replies across a publication of 100,000 users, ms',
      figure: { ...large, trial: 'publish', metric: 'longest' },
      atMost: 10,
    },
    {
      what: 'refresh of 100,000 users and 10,000 groups over LDAP: time over that of ldapsearch',
      figure: { ...large, trial: 'refresh', metric: 'ms' },
      peer: 'ldapsearch',
      atMost: 2,
    },
    {
      what: 'building the image of 100,000 users, ms',
      figure: { ...large, trial: 'build', metric: 'ms' },
      atMost: 500,
    },
    {
      what: 'from the entries of 100,000 users, 20,000 groups (2,000 nested) and 5,000 netgroups to the image, ms of CPU',
      figure: { ...large, trial: 'nested', metric: 'ms' },
      atMost: 1000,
    },
    {
      what: 'all processes after a refresh of 100,000 users, resident MB',
      figure: { ...large, trial: 'publish', metric: 'rss' },
      atMost: 400,
    },
    {
      what: 'start to first answer from a committed image of 100,000 users, ms',
      figure: { ...large, trial: 'start', metric: 'ms' },
      atMost: 500,
    },
  ]
}

function short(value = 0): string {
  return String(Number(value.toPrecision(3)))
}

function nameOf(peer: Subject): string {
  return peer.startsWith('c-') || peer === 'batched' || peer === 'sender'
    ? `the ${SUBJECTS[peer]}`
    : `${SUBJECTS[peer]}'s`
}

function plain(value: number): string {
  return value.toLocaleString('en-US')
}

export interface Verdict {
  readonly what: string
  /** the median, of the rounds that nothing disturbed if there are such; undefined where it was not measured */
  readonly value: number | undefined
  /** what it is held against, and what a quick run falls short of by that */
  readonly bar: string
  readonly passed: boolean
  /** why it could not be measured here: then it is passed */
  readonly leftOut: string | undefined
  /** others had the machine in all rounds of a quick run: what falls short then proves nothing, and is passed */
  readonly undecided: boolean
  readonly rounds: number
  /** of these */
  readonly disturbed: number
}

/** Bars for what this run measures. What was not measured, though its subjects are here, misses its bar. */
export function judge(
  bars: readonly Bar[],
  samples: readonly Sample[],
  { quick, absent = new Map() }: { readonly quick: boolean; readonly absent?: Absent },
): readonly Verdict[] {
  return bars
    .filter(({ full, peer }) => !quick || (full === undefined && peer !== undefined))
    .map((bar) => verdictOf(bar, samples, quick, bar.peer && absent.get(bar.peer)))
}

function verdictOf(
  { what, figure, peer, atLeast, atMost }: Bar,
  samples: readonly Sample[],
  quick: boolean,
  leftOut: string | undefined,
): Verdict {
  const share = quick ? QUICK_SHARE : 1
  const valuesOf = (some: readonly Sample[]) =>
    peer === undefined ? [...series(some, figure).values()] : ratioTo(some, figure, peer)
  const calm = valuesOf(samples.filter(({ disturbed }) => !disturbed))
  const values = calm.length > 0 ? calm : valuesOf(samples)
  const value = values.length === 0 ? undefined : median(values)
  const [least, most] = [atLeast && atLeast * share, atMost && atMost / share]
  const reached =
    value !== undefined && (least === undefined || value >= least) && (most === undefined || value <= most)
  const rounds = samples.filter((sample) => isOf(sample, figure) && sample.subject === figure.subject)
  const undecided = quick && value !== undefined && calm.length === 0 && !reached
  const held = least === undefined ? `≤ ${short(most)}` : `≥ ${short(least)}`
  return {
    what,
    value,
    bar: share === 1 ? held : `${held}, in full ${atLeast ?? atMost}`,
    passed: reached || undecided || leftOut !== undefined,
    leftOut,
    undecided,
    rounds: rounds.length,
    disturbed: rounds.filter(({ disturbed }) => disturbed).length,
  }
}
