/** Whatever was measured, also by clocks that were set, there is a page, and what is drawn has its place. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { renderPage } from '../../src/status/page.ts'
import type { Refresh, Sample } from '../../src/status/view.ts'
import { NOW, statusOf } from '../control/status-sample.ts'
import { NEW_VIEW } from '../status/page-sample.ts'

const moment = fc.oneof(fc.integer({ min: NOW - 90_000, max: NOW + 20 }), fc.nat(2 ** 32))

const microseconds = fc.option(fc.oneof(fc.nat(5000), fc.nat(2 ** 31)), { nil: undefined })

const sample: fc.Arbitrary<Sample> = fc.record({
  at: moment,
  rate: fc.oneof(fc.constant(0), fc.double({ min: 0, max: 1e7, noNaN: true })),
  median: microseconds,
  p99: microseconds,
})

const refresh: fc.Arbitrary<Refresh> = fc.record({
  domain: fc.constant('example.com'),
  outcome: fc.constantFrom('published', 'unchanged', 'trashed'),
  at: moment,
  took: fc.oneof(fc.nat(5000), fc.nat(2 ** 40)),
  entries: fc.nat(),
  users: fc.nat(),
  groups: fc.nat(),
  rejected: fc.nat(),
  reasons: fc.constant([]),
  reason: fc.constant(''),
})

/** Each number that says where or how large something is drawn. */
const places = (page: string) =>
  [...page.matchAll(/ (?:x|y|x1|x2|y1|y2)="(-?[\w.]+)(%?)"/g)].map(([, number, unit]) => [
    Number(number),
    unit === '%' ? 100 : 156,
  ])

test('all that is drawn lies within its plot', () => {
  fc.assert(
    fc.property(
      fc.array(sample, { maxLength: 30 }),
      fc.array(refresh, { maxLength: 30 }),
      (samples, refreshes) => {
        const page = renderPage({ ...NEW_VIEW, status: statusOf(), history: { samples, refreshes } }, 'nis1')
        expect(page).not.toMatch(/NaN|Infinity|undefined/)
        expect(places(page).filter(([place, most]) => !(place! >= -8 && place! <= most!))).toEqual([])
      },
    ),
  )
})
