/** What the figures must reach. A quick run, which is less exact, fails only far below. */
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
}

function matchBar(subject: Subject, users: number, width: number, atLeast: number): Bar {
  return {
    what: `${SUBJECTS[subject]}: MATCH/s, ${width} outstanding, ${users.toLocaleString('en-US')} users, over ypserv's`,
    figure: { trial: 'match', users, width, subject, metric: 'rate' },
    peer: 'ypserv',
    atLeast,
  }
}

/** `main` is the one that is installed: with koffi, if it can be loaded. */
export function barsFor(main: 'ypldap' | 'ypldap-dgram'): readonly Bar[] {
  const large = { users: 100_000, width: 1, subject: main } as const
  const batched = [
    matchBar('ypldap', 10_000, 1, 1.25),
    matchBar('ypldap', 10_000, 16, 3),
    matchBar('ypldap', 10_000, 64, 3),
    matchBar('ypldap', 100_000, 16, 3),
    matchBar('ypldap', 100_000, 64, 3),
  ]
  return [
    ...(main === 'ypldap' ? batched : []),
    matchBar('ypldap-dgram', 10_000, 1, 0.85),
    matchBar('ypldap-dgram', 10_000, 16, 0.85),
    matchBar('ypldap-dgram', 10_000, 64, 0.85),
    {
      what: 'ALL of 100,000 users: time over that of the pre-encoded sender',
      figure: { ...large, trial: 'all', metric: 'ms' },
      peer: 'sender',
      atMost: 1.3,
    },
    {
      what: 'longest gap between two replies across a publication of 100,000 users, ms',
      figure: { ...large, trial: 'publish', metric: 'longest' },
      atMost: 10,
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
    {
      what: 'building the image of 100,000 users, ms',
      figure: { ...large, trial: 'build', metric: 'ms' },
      atMost: 500,
    },
  ]
}

export interface Verdict {
  readonly what: string
  /** the median; undefined where it was not measured */
  readonly value: number | undefined
  /** as it stands in the table of bars */
  readonly bar: string
  readonly passed: boolean
  readonly rounds: number
  /** of these */
  readonly disturbed: number
}

/** What was not measured misses its bar. */
export function judge(bars: readonly Bar[], samples: readonly Sample[], quick: boolean): readonly Verdict[] {
  return bars.map((bar) => verdictOf(bar, samples, quick))
}

function verdictOf(
  { what, figure, peer, atLeast, atMost }: Bar,
  samples: readonly Sample[],
  quick: boolean,
): Verdict {
  const values = peer === undefined ? [...series(samples, figure).values()] : ratioTo(samples, figure, peer)
  const value = values.length === 0 ? undefined : median(values)
  const share = quick ? QUICK_SHARE : 1
  const passed =
    value !== undefined &&
    (atLeast === undefined || value >= atLeast * share) &&
    (atMost === undefined || value <= atMost / share)
  const rounds = samples.filter((sample) => isOf(sample, figure) && sample.subject === figure.subject)
  return {
    what,
    value,
    bar: atLeast === undefined ? `≤ ${atMost}` : `≥ ${atLeast}`,
    passed,
    rounds: rounds.length,
    disturbed: rounds.filter(({ disturbed }) => disturbed).length,
  }
}
