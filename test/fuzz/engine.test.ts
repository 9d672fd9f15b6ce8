import { globSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { seededRandom } from '../support/random.ts'
import { formatInput, readInputs } from './corpus.ts'
import { type Order, runFenced } from './fenced.ts'
import { minimised } from './minimise.ts'
import { Mutator } from './mutate.ts'
import { loadTargets, TARGET_FILES } from './targets.ts'

const order = (target: string, changes: Partial<Order> = {}): Order => ({
  target: `planted/${target}`,
  seed: 1,
  executions: 20_000,
  seconds: 60,
  guided: false,
  keep: false,
  ...changes,
})

const SILENCE_MS = 4000

describe('a fault that was planted is found', { timeout: 120_000 }, () => {
  test('an error of another class, in the smallest input that makes it', async () => {
    const { finding } = await runFenced(order('throws'))
    expect(finding?.reason).toMatch(/^RangeError: a NUL\n.*planted\.ts/)
    expect(finding?.input).toEqual(Buffer.of(0))
  })

  test('behind conditions that one after the other are new code, by coverage alone', async () => {
    const { finding } = await runFenced(order('nested', { guided: true, executions: 200_000 }))
    expect(finding?.reason).toContain('the bottom of four conditions')
    expect(finding?.input?.toString('latin1')).toBe('fuz!')
  })

  test('an input that takes long', async () => {
    const { finding } = await runFenced(order('slow'))
    expect(finding?.reason).toMatch(/^took \d+ ms$/)
    expect(finding?.input).toEqual(Buffer.alloc(0))
  })

  test('an input that never ends', async () => {
    const { finding } = await runFenced(order('loops'), SILENCE_MS)
    expect(finding?.reason).toBe('no answer for 4 s')
    expect(finding?.input?.length).toBeLessThan(4)
  })

  test('an input that takes all memory', async () => {
    const { finding } = await runFenced(order('eats'))
    expect(finding?.reason).toMatch(/^its process ended with SIGABRT/)
    expect(finding?.input?.length).toBeLessThan(4)
  })

  test('memory that is not given back', async () => {
    const { finding } = await runFenced(order('leaks', { executions: 100_000 }))
    expect(finding?.reason).toMatch(/^the heap grew by \d+ bytes$/)
    expect(finding?.input).toBeUndefined()
  })

  test('and none where there is none', async () => {
    const { finding, accepted, refused, executions } = await runFenced(order('right', { guided: true }))
    expect(finding).toBeUndefined()
    expect(accepted).toBeGreaterThan(0)
    expect(refused).toBeGreaterThan(0)
    expect(accepted + refused).toBe(executions)
  })
})

test('a run with the same seed goes the same way', { timeout: 60_000 }, async () => {
  const [one, two, other] = await Promise.all([
    runFenced(order('right')),
    runFenced(order('right')),
    runFenced(order('right', { seed: 2 })),
  ])
  expect(two.accepted).toBe(one.accepted)
  expect(other.accepted).not.toBe(one.accepted)
})

test('a changed input is never longer than its target takes, and does not touch the one it was made of', () => {
  const inputs = [Buffer.alloc(30, 'abc'), Buffer.alloc(0), Buffer.alloc(100, 'x')]
  const before = inputs.map((input) => input.toString('hex'))
  const mutator = new Mutator(seededRandom(7), ['a token'], Buffer.alloc(40))
  const lengths = Array.from({ length: 50_000 }, () => mutator.next(inputs).length)
  expect(Math.max(...lengths)).toBe(40)
  expect(Math.min(...lengths)).toBe(0)
  expect(inputs.map((input) => input.toString('hex'))).toEqual(before)
})

test('of an input the least is left that still holds what it is kept for', async () => {
  const least = await minimised(
    Buffer.from('a long text (with a bug) in it'),
    (text) => text.includes('bug'),
    1000,
  )
  expect(least.toString()).toBe('bug')
})

test.each([Buffer.from('text "of" a\nline'), Buffer.of(0, 1, 0xff), Buffer.alloc(0)])(
  'input %# is one line of a corpus',
  (input) => {
    const line = formatInput(input)
    expect(line).not.toContain('\n')
    expect(
      line.startsWith('"') ? Buffer.from(JSON.parse(line) as string, 'latin1') : Buffer.from(line, 'hex'),
    ).toEqual(input)
  },
)

test.each(['corpus', 'regressions'] as const)(
  'each file of the %s is of a target, and holds inputs',
  async (kind) => {
    const names = (await Promise.all(TARGET_FILES.map(loadTargets))).flat().map(({ name }) => name)
    const kept = globSync('**/*.txt', { cwd: new URL(`${kind}/`, import.meta.url) }).map((path) =>
      path.slice(0, -4),
    )
    expect(names).toEqual(expect.arrayContaining(kept))
    expect(kept.filter((name) => readInputs(kind, name).length === 0)).toEqual([])
  },
)
