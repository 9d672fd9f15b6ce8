import { describe, expect, test } from 'vitest'
import { type Bar, barsFor, judge } from './bars.ts'
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
  sample('ypldap', 1, 40_000, true),
  sample('ypldap', 2, 20_000),
  sample('ypserv', 2, 10_000),
]

const RATE: Bar = {
  what: 'rate over ypserv',
  figure: { ...MATCH, subject: 'ypldap', metric: 'rate' },
  peer: 'ypserv',
  atLeast: 2.5,
}

function subjectsOf(main: 'ypldap' | 'ypldap-dgram'): ReadonlySet<Subject> {
  return new Set(barsFor(main).map(({ figure }) => figure.subject))
}

describe('bars', () => {
  test('a ratio is judged by the median of its rounds', () => {
    expect(judge([RATE], SAMPLES, false)).toEqual([
      { what: 'rate over ypserv', value: 2, bar: '≥ 2.5', passed: false, rounds: 3, disturbed: 1 },
    ])
    expect(judge([{ ...RATE, atLeast: 2 }], SAMPLES, false)[0]?.passed).toBe(true)
  })

  test('a quick run fails only under 0.7 of a bar, on either side', () => {
    const passed = (bar: Partial<Bar>) => judge([{ ...RATE, ...bar }], SAMPLES, true)[0]?.passed
    expect(passed({ atLeast: 2.8 })).toBe(true)
    expect(passed({ atLeast: 2.9 })).toBe(false)
    const { atLeast: _, ...limit } = RATE
    const within = (atMost: number) => judge([{ ...limit, atMost }], SAMPLES, true)[0]?.passed
    expect(within(1.5)).toBe(true)
    expect(within(1.3)).toBe(false)
  })

  test('a figure that was not measured misses its bar', () => {
    const [verdict] = judge([{ ...RATE, peer: 'batched' }], SAMPLES, false)
    expect(verdict).toMatchObject({ value: undefined, passed: false })
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
      '2.00 (2.00–3.00)',
      '',
      '',
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
      '0.12',
      '1.23',
      '12.3',
      '123',
      '123,457',
    ])
  })

  test('name bars that were missed, and how many of their rounds were disturbed', () => {
    const lines = verdictLines(judge([RATE], SAMPLES, false))
    expect(lines.at(-2)).toMatch(/^\| FAIL \| rate over ypserv \| 2\.00 +\| ≥ 2\.5 \| 1 of 3 +\|$/)
  })
})

describe('plots', () => {
  test('draw a bar as long as its median, whiskers to its least and most', () => {
    const [plot, ...others] = plotsOf(SAMPLES)
    expect(others).toEqual([])
    expect(plot?.name).toBe('match')
    // 40,000 is the most: 460 wide, from 250 to 710.
    expect(plot?.svg).toContain('x="250" y="72" width="345.0"')
    expect(plot?.svg).toContain('M480.0 81H710.0')
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
