import { describe, expect, test } from 'vitest'
import { type Absent, type Bar, barsFor, judge } from './bars.ts'
import { plotsOf } from './plots.ts'
import { rotated } from './rounds.ts'
import type { Sample, Subject } from './samples.ts'
import { markdown, number, report, SECTIONS, verdictLines } from './table.ts'

const MATCH = { trial: 'match', users: 10_000, width: 16 } as const

function sample(subject: Subject, round: number, rate: number, disturbed = false): Sample {
  return { ...MATCH, subject, round, disturbed, values: { rate, cpu: 4.2 } }
}

// Both twice as fast in the second round: the ratio is 3 in the first, and 2 in the second and third.
const SAMPLES = [
  sample('ypldap', 0, 30_000),
  sample('ypserv', 0, 10_000),
  sample('ypserv', 1, 20_000),
  sample('ypldap', 1, 40_000),
  sample('ypldap', 2, 20_000),
  sample('ypserv', 2, 10_000),
]

const FULL = { quick: false } as const

const RATE: Bar = {
  what: 'rate over ypserv',
  figure: { ...MATCH, subject: 'ypldap', metric: 'rate' },
  peer: 'ypserv',
  atLeast: 2.5,
}

// The ratio is 9 in both.
const DISTURBED = [3, 4].flatMap((round) => [
  sample('ypldap', round, 90_000, true),
  sample('ypserv', round, 10_000, true),
])

function subjectsOf(main: 'ypldap' | 'ypldap-dgram'): ReadonlySet<Subject> {
  return new Set(barsFor(main).map(({ figure }) => figure.subject))
}

function peers(absent?: Absent): ReadonlySet<Subject | undefined> {
  return new Set(barsFor('ypldap', absent).map(({ peer }) => peer))
}

describe('bars', () => {
  test('a ratio is judged by the median of its rounds', () => {
    expect(judge([RATE], SAMPLES, FULL)).toEqual([
      {
        what: 'rate over ypserv',
        value: 2,
        bar: '≥ 2.5',
        passed: false,
        leftOut: undefined,
        undecided: false,
        rounds: 3,
        disturbed: 0,
      },
    ])
    expect(judge([{ ...RATE, atLeast: 2 }], SAMPLES, FULL)[0]?.passed).toBe(true)
  })

  test('rounds that were disturbed count where there are no others', () => {
    const [verdict] = judge([RATE], [...SAMPLES, ...DISTURBED], FULL)
    expect(verdict).toMatchObject({ value: 2, passed: false, rounds: 5, disturbed: 2 })
    expect(judge([RATE], DISTURBED, FULL)[0]).toMatchObject({ value: 9, passed: true, disturbed: 2 })
  })

  test('a quick run fails only under 0.7 of a bar, on either side', () => {
    const passed = (bar: Partial<Bar>) => judge([{ ...RATE, ...bar }], SAMPLES, { quick: true })[0]?.passed
    expect(passed({ atLeast: 2.8 })).toBe(true)
    expect(passed({ atLeast: 2.9 })).toBe(false)
    const { atLeast: _, ...limit } = RATE
    const within = (atMost: number) => judge([{ ...limit, atMost }], SAMPLES, { quick: true })[0]?.passed
    expect(within(1.5)).toBe(true)
    expect(within(1.3)).toBe(false)
    expect(judge([RATE], SAMPLES, { quick: true })[0]?.bar).toBe('≥ 1.75, in full 2.5')
  })

  test('a quick run in which others had the machine all the time decides nothing, but for what was reached', () => {
    const [short] = judge([{ ...RATE, atLeast: 20 }], DISTURBED, { quick: true })
    expect(short).toMatchObject({ passed: true, undecided: true })
    expect(verdictLines([short!]).join('\n')).toContain('| undecided |')
    expect(judge([RATE], DISTURBED, { quick: true })[0]).toMatchObject({ passed: true, undecided: false })
    expect(judge([{ ...RATE, atLeast: 20 }], DISTURBED, FULL)[0]?.passed).toBe(false)
    const both = [...SAMPLES, ...DISTURBED]
    expect(judge([{ ...RATE, atLeast: 20 }], both, { quick: true })[0]?.passed).toBe(false)
  })

  test('a figure that was not measured misses its bar', () => {
    const [verdict] = judge([{ ...RATE, peer: 'batched' }], SAMPLES, FULL)
    expect(verdict).toMatchObject({ value: undefined, passed: false })
  })

  test('a figure whose peer can not be had here is left out, and said so', () => {
    const absent = new Map([['slapi-nis', 'it is not installed']] as const)
    const bars = [RATE, { ...RATE, peer: 'slapi-nis' }] as const
    const [missed, leftOut] = judge(bars, SAMPLES, { ...FULL, absent })
    expect(missed).toMatchObject({ passed: false, leftOut: undefined })
    expect(leftOut).toMatchObject({ passed: true, value: undefined, leftOut: 'it is not installed' })
    expect(verdictLines([leftOut!]).join('\n')).toMatch(/\| left out \| .* \| it is not installed \|/)
  })

  test('a quick run is judged by ratios alone, and by none that only a full one measures', () => {
    const { peer: _, ...absolute } = RATE
    const bars = [RATE, { ...RATE, full: true }, absolute] as const
    expect(judge(bars, SAMPLES, { quick: true })).toHaveLength(1)
    expect(judge(bars, SAMPLES, FULL)).toHaveLength(3)
  })

  test('without a compiler the floors of JavaScript stand in for those of C', () => {
    expect(peers()).toContain('c-match')
    const without = peers(
      new Map([
        ['c-match', ''],
        ['c-all', ''],
      ] as const),
    )
    expect(without).not.toContain('c-match')
    expect([...without]).toEqual(expect.arrayContaining(['batched', 'sender']))
  })

  test('without koffi those of plain datagrams remain, and those of all else', () => {
    expect(subjectsOf('ypldap')).toEqual(new Set(['ypldap', 'ypldap-dgram']))
    expect(subjectsOf('ypldap-dgram')).toEqual(new Set(['ypldap-dgram']))
    expect(barsFor('ypldap-dgram').map(({ figure }) => figure.trial)).toContain('build')
  })

  test('each is for a figure that the tables show', () => {
    const shown = new Set(
      SECTIONS.flatMap(({ trial, columns }) => columns.map(({ metric }) => `${trial} ${metric}`)),
    )
    const judged = barsFor('ypldap').map(({ figure: { trial, metric } }) => `${trial} ${metric}`)
    expect(judged.filter((figure) => !shown.has(figure))).toEqual([])
  })
})

describe('tables', () => {
  const text = report(SAMPLES, { facts: { machine: 'a fast one' }, notes: ['it was noisy'] })

  test('show the median, the least and the most of each figure, and its ratio to a peer', () => {
    const row = text.split('\n').find((line) => line.startsWith('| ypldap '))
    expect(row?.split('|').map((cell) => cell.trim())).toEqual([
      '',
      'ypldap',
      '10,000',
      '16',
      '30,000 (20,000–40,000)',
      '4.20',
      '',
      '',
      '',
      // Peers that nobody measured have no column.
      '2.00 (2.00–3.00)',
      '1.00',
      '',
    ])
  })

  test('say where and under which conditions', () => {
    expect(text).toContain('- machine: a fast one\n')
    expect(text).toContain('- it was noisy\n')
  })

  test('have columns as wide as their widest cell', () => {
    expect(markdown(['a', 'long'], [['wide', 'b']])).toEqual([
      '| a    | long |',
      '| ---- | ---- |',
      '| wide | b    |',
    ])
  })

  test('show three digits that count', () => {
    expect([0.1234, 1.234, 12.34, 123.4, 123_456.7].map(number)).toEqual([
      '0.123',
      '1.23',
      '12.3',
      '123',
      '123,457',
    ])
  })

  test('name bars that were missed, and how many of their rounds were disturbed', () => {
    const lines = verdictLines(judge([RATE], [...SAMPLES, ...DISTURBED], FULL))
    expect(lines.at(-2)).toMatch(/^\| FAIL \| rate over ypserv \| 2\.00 +\| ≥ 2\.5 \| 2 of 5 +\|$/)
  })
})

describe('plots', () => {
  test('draw a bar as long as its median, a line from its least to its most', () => {
    const [plot, ...others] = plotsOf(SAMPLES)
    expect(others).toEqual([])
    expect(plot?.name).toBe('match')
    // 40,000 is the most: 460 wide, from 240 to 700.
    expect(plot?.svg).toContain('<path class="ours" d="M240 82H585.0v16H240z"/>')
    expect(plot?.svg).toContain('M470.0 90H700.0')
  })

  test('draw what few users take on a scale of its own', () => {
    const many = SAMPLES.map((one) => ({ ...one, users: 1_000_000, values: { rate: 40_000_000 } }))
    const bars = plotsOf([...SAMPLES, ...many])[0]?.svg.match(/class="ours" d="M240 \d+H[\d.]+/g)
    expect(bars).toEqual(['class="ours" d="M240 82H585.0', 'class="ours" d="M240 156H700.0'])
  })
})

test('each server is first in its turn', () => {
  expect([0, 1, 2, 3].map((round) => rotated(['a', 'b', 'c'], round).join(''))).toEqual([
    'abc',
    'bca',
    'cab',
    'abc',
  ])
})
