import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { createBackoff } from '../../src/supervisor/backoff.ts'
import type { Child } from '../../src/supervisor/child.ts'
import { createKeeper } from '../../src/supervisor/keeper.ts'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

/** of what is never given up */
const wanted = new AbortController().signal

interface FakeChild extends Child<string> {
  readonly plan: string
  readonly heard: string[]
  readonly ready: () => void
  readonly sound: () => void
  readonly die: (reason: string) => void
}

function kept() {
  const children: FakeChild[] = []
  const logged: string[] = []
  const dismissed: number[] = []
  let lost = 0
  const keeper = createKeeper<string, FakeChild>(
    'server',
    'the first plan',
    {
      start(plan, { ready, sound, ended }) {
        const heard: string[] = []
        const child: FakeChild = {
          pid: children.length + 1,
          started: Date.now(),
          plan,
          heard,
          ready,
          sound,
          die: ended,
          send: (message) => void heard.push(message as string),
          stop: async () => ended(undefined),
        }
        children.push(child)
        return child
      },
      lost: () => {
        lost += 1
      },
      dismiss: (child) => void dismissed.push(child.pid),
    },
    (_level, id, text) => void logged.push(`${id}: ${text}`),
  )
  return { keeper, children, logged, dismissed, lost: () => lost }
}

async function begun() {
  const all = kept()
  const begin = all.keeper.begin()
  all.children[0]!.ready()
  await begin
  return all
}

describe('a keeper', () => {
  test('begins when the first child is ready, and not when that one ends before', async () => {
    const { keeper, children, lost } = kept()
    const begin = keeper.begin()
    children[0]!.die('it ended with status 1')
    await expect(begin).rejects.toThrow('it ended with status 1')
    expect(keeper.current()).toBeUndefined()
    expect(children).toHaveLength(1)
    expect(lost()).toBe(0)
  })

  test('begins in vain when the child is not ready within a minute', async () => {
    const { keeper } = kept()
    const begin = keeper.begin().catch((error: Error) => error.message)
    await vi.advanceTimersByTimeAsync(60_000)
    expect(await begin).toBe('it was not ready after 60 s')
  })

  test('starts a child that died at once, and says so with its reason', async () => {
    const { keeper, children, logged, lost } = await begun()
    children[0]!.die('it was ended by SIGKILL')
    expect(keeper.current()).toBeUndefined()
    expect(lost()).toBe(1)
    await vi.advanceTimersByTimeAsync(0)
    expect(keeper.current()?.pid).toBe(2)
    expect(keeper.restarts()).toBe(1)
    expect(logged).toEqual([
      'child-restarted: the server process is gone: it was ended by SIGKILL; starting it again at once',
    ])
  })

  test('starts one that dies again and again less and less soon, down to every 30 s', async () => {
    const { children, logged } = await begun()
    for (let death = 0; death < 8; death++) {
      children.at(-1)!.die('it ended')
      await vi.advanceTimersByTimeAsync(30_000)
    }
    expect(logged.map((line) => line.replace(/.*again /, ''))).toEqual([
      'at once',
      'in 1 s',
      'in 2 s',
      'in 4 s',
      'in 8 s',
      'in 16 s',
      'in 30 s',
      'in 30 s',
    ])
  })

  test('starts those that die while a successor is prepared as before, and later ones as the successor', async () => {
    const { keeper, children } = await begun()
    const preparing = keeper.prepare('another plan', wanted)
    children[0]!.die('it ended')
    await vi.advanceTimersByTimeAsync(0)
    children[1]!.ready()
    const successor = await preparing
    expect(children.map(({ plan }) => plan)).toEqual(['the first plan', 'another plan', 'the first plan'])
    successor.takeOver()
    children[1]!.die('it ended')
    await vi.advanceTimersByTimeAsync(30_000)
    expect(children.at(-1)!.plan).toBe('another plan')
  })

  test('misses a successor that died before it took over', async () => {
    const { keeper, children, dismissed, lost } = await begun()
    const preparing = keeper.prepare('another plan', wanted)
    children[1]!.ready()
    const successor = await preparing
    children[1]!.die('it was ended by SIGKILL')
    successor.takeOver()
    expect(lost()).toBe(1)
    expect(dismissed).toEqual([1])
    await vi.advanceTimersByTimeAsync(0)
    expect(keeper.current()?.plan).toBe('another plan')
    expect(children).toHaveLength(3)
  })

  test('gives a successor up that is no longer wanted', async () => {
    const { keeper, children } = await begun()
    const unwanted = new AbortController()
    const preparing = keeper.prepare('another plan', unwanted.signal).catch((error: Error) => error.message)
    unwanted.abort()
    expect(await preparing).toBe('it is no longer wanted')
    expect(keeper.current()).toBe(children[0])
  })

  test('lets a successor count when it is told to, and sends the old one away', async () => {
    const { keeper, children, dismissed, lost, logged } = await begun()
    const preparing = keeper.prepare('another plan', wanted)
    children[1]!.ready()
    const successor = await preparing
    expect(keeper.current()?.pid).toBe(1)
    successor.takeOver()
    expect(keeper.current()?.pid).toBe(2)
    expect(dismissed).toEqual([1])
    children[0]!.die('it ended with status 0')
    await vi.advanceTimersByTimeAsync(60_000)
    expect([children.length, lost(), logged]).toEqual([2, 0, []])
  })

  test('keeps the old one when the successor is not ready or not wanted', async () => {
    const { keeper, children, logged } = await begun()
    const failing = keeper.prepare('another plan', wanted).catch((error: Error) => error.message)
    children[1]!.die('it ended with status 1')
    expect(await failing).toBe('it ended with status 1')
    const preparing = keeper.prepare('another plan', wanted)
    children[2]!.ready()
    await (await preparing).abandon()
    expect(keeper.current()?.pid).toBe(1)
    expect(logged).toEqual([])
  })

  test('ends one before it starts another when it renews', async () => {
    const { keeper, children, logged } = await begun()
    await keeper.renew('another plan')
    expect(keeper.current()?.pid).toBe(2)
    expect(children).toHaveLength(2)
    expect(logged).toEqual([])
  })

  test('starts none any more once it is stopped', async () => {
    const { keeper, children } = await begun()
    children[0]!.die('it ended')
    await keeper.stop()
    await vi.advanceTimersByTimeAsync(60_000)
    expect(children).toHaveLength(1)
  })
})

describe('the back-off', () => {
  test('begins anew for a child that has done its work', () => {
    const { next, sound } = createBackoff()
    const before = [next(), next(), next()]
    sound()
    expect([...before, next(), next()]).toEqual([0, 1000, 2000, 0, 1000])
  })

  test('is told by the child itself that it is sound', async () => {
    const { children, logged } = await begun()
    children[0]!.die('it ended')
    await vi.advanceTimersByTimeAsync(0)
    children[1]!.sound()
    children[1]!.die('it ended')
    expect(logged.map((line) => line.replace(/.*again /, ''))).toEqual(['at once', 'at once'])
  })
})
