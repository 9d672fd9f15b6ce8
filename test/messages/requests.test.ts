import { describe, expect, test } from 'vitest'
import { createRequests } from '../../src/messages/requests.ts'

/** A child that hears and says nothing by itself. */
function silent() {
  const said: string[] = []
  const asking = {
    ask: (id: number) => void said.push(`ask ${id}`),
    more: (id: number) => void said.push(`more ${id}`),
    drop: (id: number) => void said.push(`drop ${id}`),
  }
  return { said, asking }
}

describe('the parts of an answer', () => {
  test('come one by one, each when the last has been taken, until the end', async () => {
    const { said, asking } = silent()
    const requests = createRequests<string>()
    const parts = requests.parts(asking)
    const first = parts.next()
    expect(requests.part(1, 'one')).toBe(true)
    expect(await first).toEqual({ done: false, value: 'one' })
    expect(said).toEqual(['ask 1'])
    const second = parts.next()
    requests.end(1, undefined)
    expect(await second).toEqual({ done: true, value: undefined })
    expect(said).toEqual(['ask 1', 'more 1'])
  })

  test('are dropped when nobody wants more', async () => {
    const { said, asking } = silent()
    const requests = createRequests<string>()
    const parts = requests.parts(asking)
    const first = parts.next()
    requests.part(1, 'one')
    await first
    await parts.return()
    expect(said).toEqual(['ask 1', 'drop 1'])
  })

  test('that nobody asked for are known as such', () => {
    const requests = createRequests<string>()
    expect(requests.part(7, 'one')).toBe(false)
    expect(requests.end(7, undefined)).toBe(false)
  })
})

describe('a child that is gone', () => {
  test('is an error for who waits, for who has taken a part and wants more, and for who comes later', async () => {
    const { asking } = silent()
    const requests = createRequests<string>()
    const waiting = requests.done(() => {})
    const reading = requests.parts(asking)
    const first = reading.next()
    requests.part(2, 'one')
    await first
    requests.fail('it is gone')
    await expect(waiting).rejects.toThrow('it is gone')
    await expect(reading.next()).rejects.toThrow('it is gone')
    await expect(requests.done(() => {})).rejects.toThrow('it is gone')
  })
})
