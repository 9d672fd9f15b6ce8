import { describe, expect, test } from 'vitest'

import { type Clock, startUpdater, systemClock } from '../../src/directory/updater.ts'

/** A refresh that the test ends when it likes. */
interface Refresh {
  readonly signal: AbortSignal
  readonly succeed: (result: string) => void
  readonly fail: (error: unknown) => void
}

/** An updater whose time stands still until the test moves it. */
function start({
  interval = 600,
  random = 0.5,
  publish = (_result: string): void | Promise<void> => undefined,
} = {}) {
  const refreshes: Refresh[] = []
  const published: string[] = []
  const trashed: { reason: unknown; retry: number }[] = []
  let timer: { milliseconds: number; callback: () => void } | undefined
  const clock: Clock = {
    after(milliseconds, callback) {
      if (timer !== undefined) throw new Error('two timers at once')
      const mine = { milliseconds, callback }
      timer = mine
      return () => {
        if (timer === mine) timer = undefined
      }
    },
    random: () => random,
  }
  const updater = startUpdater<string>({
    interval,
    fetch: (signal) =>
      new Promise((succeed, fail) => {
        refreshes.push({ signal, succeed, fail })
      }),
    async publish(result) {
      await publish(result)
      published.push(result)
    },
    trashed: (reason, retry) => trashed.push({ reason, retry }),
    clock,
  })
  return {
    updater,
    refreshes,
    published,
    trashed,
    /** seconds until the next refresh; absent while one is under way */
    get wait() {
      return timer === undefined ? undefined : timer.milliseconds / 1000
    },
    /** ends the refresh under way, and waits until what follows from it has happened */
    async end(how: (refresh: Refresh) => void) {
      const current = refreshes.at(-1)
      if (current !== undefined) how(current)
      await new Promise((resolve) => setImmediate(resolve))
    },
    /** lets the time come for the next refresh */
    pass() {
      const due = timer
      timer = undefined
      due?.callback()
    },
  }
}

const good = (refresh: Refresh) => refresh.succeed('rows')
const bad = (refresh: Refresh) => refresh.fail(new Error('no server'))

describe('the updater', () => {
  test('refreshes at once', () => {
    const lab = start()
    expect(lab.refreshes).toHaveLength(1)
    expect(lab.wait).toBeUndefined()
  })

  test('publishes a result and refreshes again after the interval, counted from the end', async () => {
    const lab = start()
    await lab.end(good)
    expect(lab.published).toEqual(['rows'])
    expect(lab.wait).toBe(600)
    lab.pass()
    expect(lab.refreshes).toHaveLength(2)
    expect(lab.wait).toBeUndefined()
    await lab.end(good)
    expect(lab.published).toHaveLength(2)
    expect(lab.trashed).toEqual([])
  })

  test.each([
    [0, 540],
    [0.999_999, 660],
  ])('spreads the interval by a tenth either way', async (random, seconds) => {
    const lab = start({ random })
    await lab.end(good)
    expect(lab.wait).toBeCloseTo(seconds, 1)
  })

  test('trashes a failed refresh with its reason and publishes nothing', async () => {
    const lab = start()
    await lab.end(bad)
    expect(lab.published).toEqual([])
    expect(lab.trashed).toEqual([{ reason: new Error('no server'), retry: 2 }])
  })

  test('tries again after 2 s, then twice as long each time, up to 300 s', async () => {
    const lab = start()
    const waits: (number | undefined)[] = []
    for (let count = 0; count < 10; count += 1) {
      await lab.end(bad)
      waits.push(lab.wait)
      lab.pass()
    }
    expect(waits).toEqual([2, 4, 8, 16, 32, 64, 128, 256, 300, 300])
  })

  test('never waits longer for a retry than for a refresh', async () => {
    const lab = start({ interval: 5 })
    const waits: (number | undefined)[] = []
    for (let count = 0; count < 4; count += 1) {
      await lab.end(bad)
      waits.push(lab.wait)
      lab.pass()
    }
    expect(waits).toEqual([2, 4, 5, 5])
  })

  test('still waits sanely after thousands of failures', async () => {
    const lab = start()
    for (let count = 0; count < 2000; count += 1) {
      await lab.end(bad)
      lab.pass()
    }
    await lab.end(bad)
    expect(lab.wait).toBe(300)
  })

  test('spreads retries too', async () => {
    const lab = start({ random: 0 })
    await lab.end(bad)
    expect(lab.wait).toBe(1.8)
  })

  test('is back to normal after a success', async () => {
    const lab = start()
    await lab.end(bad)
    lab.pass()
    await lab.end(bad)
    lab.pass()
    await lab.end(good)
    expect(lab.wait).toBe(600)
    lab.pass()
    await lab.end(bad)
    expect(lab.wait).toBe(2)
  })

  test.each([
    [
      'throws',
      () => {
        throw new Error('far fewer users')
      },
    ],
    ['rejects', () => Promise.reject(new Error('far fewer users'))],
  ])('trashes what publish refuses when it %s', async (_how, publish) => {
    const lab = start({ publish })
    await lab.end(good)
    expect(lab.published).toEqual([])
    expect(lab.trashed).toEqual([{ reason: new Error('far fewer users'), retry: 2 }])
    expect(lab.wait).toBe(2)
  })
})

describe('refreshNow', () => {
  test('does not wait for the interval', async () => {
    const lab = start()
    await lab.end(good)
    lab.updater.refreshNow()
    expect(lab.refreshes).toHaveLength(2)
    expect(lab.wait).toBeUndefined()
  })

  test('during a refresh lets it end and has one more follow, once', async () => {
    const lab = start()
    lab.updater.refreshNow()
    lab.updater.refreshNow()
    expect(lab.refreshes).toHaveLength(1)
    await lab.end(good)
    expect(lab.wait).toBe(0)
    lab.pass()
    await lab.end(good)
    expect(lab.wait).toBe(600)
    expect(lab.refreshes).toHaveLength(2)
  })

  test('after stop does nothing', async () => {
    const lab = start()
    await lab.end(good)
    await lab.updater.stop()
    lab.updater.refreshNow()
    expect(lab.refreshes).toHaveLength(1)
    expect(lab.wait).toBeUndefined()
  })
})

describe('stop', () => {
  test('while waiting leaves no timer', async () => {
    const lab = start()
    await lab.end(good)
    await lab.updater.stop()
    expect(lab.wait).toBeUndefined()
    expect(lab.refreshes).toHaveLength(1)
  })

  test('during a refresh aborts it and resolves when it has ended', async () => {
    const lab = start()
    let stopped = false
    const stopping = (async () => {
      await lab.updater.stop()
      stopped = true
    })()
    expect(lab.refreshes[0]?.signal.aborted).toBe(true)
    await new Promise((resolve) => setImmediate(resolve))
    expect(stopped).toBe(false)
    await lab.end(bad)
    await stopping
    expect(stopped).toBe(true)
    expect(lab.trashed).toEqual([])
    expect(lab.wait).toBeUndefined()
  })

  test('publishes nothing more, even if the refresh succeeds all the same', async () => {
    const lab = start()
    const stopping = lab.updater.stop()
    await lab.end(good)
    await stopping
    expect(lab.published).toEqual([])
    expect(lab.wait).toBeUndefined()
  })

  test('in the refresh that refreshNow started waits for that one', async () => {
    const lab = start()
    await lab.end(good)
    lab.updater.refreshNow()
    const stopping = lab.updater.stop()
    expect(lab.refreshes[1]?.signal.aborted).toBe(true)
    await lab.end(bad)
    await stopping
    expect(lab.trashed).toEqual([])
  })

  test('may be called twice', async () => {
    const lab = start()
    await lab.end(good)
    await lab.updater.stop()
    await expect(lab.updater.stop()).resolves.toBeUndefined()
  })
})

test("the system's clock calls back, unless it is told not to", async () => {
  const called: string[] = []
  systemClock.after(0, () => called.push('cancelled'))()
  await new Promise<void>((resolve) => {
    systemClock.after(1, () => {
      called.push('due')
      resolve()
    })
  })
  expect(called).toEqual(['due'])
  expect(systemClock.random()).toBeLessThan(1)
})
