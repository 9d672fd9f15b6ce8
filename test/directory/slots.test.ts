import { expect, test } from 'vitest'
import { createSlots } from '../../src/directory/slots.ts'

const never = new AbortController().signal

test('work is done so many pieces at a time, in the order in which it came', async () => {
  const slots = createSlots(2)
  const begun: number[] = []
  const ends = Array.from({ length: 5 }, () => Promise.withResolvers<number>())
  const all = ends.map((end, index) =>
    slots.use(never, () => {
      begun.push(index)
      return end.promise
    }),
  )
  await Promise.resolve()
  expect(begun).toEqual([0, 1])
  ends[1]!.resolve(1)
  expect(await all[1]).toBe(1)
  expect(begun).toEqual([0, 1, 2])
  for (const [index, end] of ends.entries()) end.resolve(index)
  expect(await Promise.all(all)).toEqual([0, 1, 2, 3, 4])
  expect(begun).toEqual([0, 1, 2, 3, 4])
})

test('what is given up while it waits is not done, and what fails gives its place back', async () => {
  const slots = createSlots(1)
  const first = Promise.withResolvers<void>()
  const failing = slots.use(never, () => first.promise)
  const unwanted = new AbortController()
  let done = false
  const given = slots.use(unwanted.signal, async () => {
    done = true
  })
  unwanted.abort(new Error('not wanted'))
  await expect(given).rejects.toThrow('not wanted')
  await expect(slots.use(unwanted.signal, async () => {})).rejects.toThrow('not wanted')
  first.reject(new Error('failed'))
  await expect(failing).rejects.toThrow('failed')
  expect(await slots.use(never, async () => 'next')).toBe('next')
  expect(done).toBe(false)
})
