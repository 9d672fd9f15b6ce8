import { expect, test } from 'vitest'
import { createTurns } from '../../src/supervisor/turns.ts'

/** Work that ends when it is told to, with its number. */
function counted() {
  const ends: (() => void)[] = []
  const turns = createTurns(async () => {
    const number = ends.length + 1
    await new Promise<void>((resolve) => ends.push(resolve))
    return number
  })
  return { ...turns, ends }
}

test('work that nobody else asked for begins at once', async () => {
  const { ask, ends } = counted()
  const asked = ask()
  expect(ends).toHaveLength(1)
  ends[0]!()
  expect(await asked).toBe(1)
})

test('all who ask while it is under way wait for one more that begins afterwards', async () => {
  const { ask, ends } = counted()
  const first = ask()
  const others = [ask(), ask(), ask()]
  expect(ends).toHaveLength(1)
  ends[0]!()
  expect(await first).toBe(1)
  await expect.poll(() => ends.length).toBe(2)
  // It may have begun too early for this one.
  const late = ask()
  ends[1]!()
  expect(await Promise.all(others)).toEqual([2, 2, 2])
  await expect.poll(() => ends.length).toBe(3)
  ends[2]!()
  expect(await late).toBe(3)
})

test('work that fails is no reason for those who wait', async () => {
  let count = 0
  const { ask } = createTurns(async () => {
    count += 1
    await Promise.resolve()
    if (count === 1) throw new Error('the first')
    return count
  })
  const first = ask()
  const second = ask()
  await expect(first).rejects.toThrow('the first')
  expect(await second).toBe(2)
})

test('is idle when nothing is under way and nobody waits', async () => {
  const { ask, idle, ends } = counted()
  await idle()
  const both = [ask(), ask()]
  let quiet = false
  const over = idle().then(() => (quiet = true))
  ends[0]!()
  await expect.poll(() => ends.length).toBe(2)
  expect(quiet).toBe(false)
  ends[1]!()
  await over
  expect(await Promise.all(both)).toEqual([1, 2])
})
