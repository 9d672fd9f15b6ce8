/** That the generator finds every fault: figures of wrong answers would be worth nothing. */
import { afterEach, describe, expect, type TestContext, test } from 'vitest'
import { startProcess } from '../support/lab.ts'
import { matchCalls, matchReplies } from './calls.ts'
import { startFloor } from './floors.ts'
import { runMatch } from './match-load.ts'
import { repeatStreams, runAll, runStreams } from './streams.ts'
import { runWalk } from './walk.ts'

const USERS = 100

const ending: { readonly stop: (signal?: NodeJS.Signals) => Promise<unknown> }[] = []
afterEach(async () => {
  for (const one of ending.splice(0)) await one.stop('SIGKILL')
})

/** Its port. */
async function floor(kind: 'dgram' | 'sender', users = USERS): Promise<number> {
  const program = `${import.meta.dirname}/floor.ts`
  const started = await startProcess(process.execPath, [program, kind, String(users)], {
    ready: (output) => /^\d+\n/.test(output),
  })
  ending.push(started)
  return Number.parseInt(started.output(), 10)
}

const match = (port: number, constant: boolean) =>
  runMatch({
    port,
    width: 4,
    milliseconds: 100,
    calls: matchCalls(USERS),
    replies: matchReplies(USERS),
    asked: USERS,
    constant,
    pause: 0,
    stopped: () => false,
  })

describe('the generator', () => {
  test('takes the answer it expects for right', async () => {
    const result = await match(await floor('dgram'), true)
    expect(result).toMatchObject({ wrong: 0, lost: 0 })
    expect(result.replies).toBeGreaterThan(10)
    expect(result.p99).toBeGreaterThanOrEqual(result.p50)
  })

  test("takes another user's answer for wrong", async () => {
    const { replies, wrong } = await match(await floor('dgram'), false)
    expect(replies).toBeGreaterThan(10)
    // Only one user in a hundred is the one whose record this server gives to all.
    expect(wrong).toBeGreaterThan(replies * 0.8)
    expect(wrong).toBeLessThanOrEqual(replies)
  })

  test('ends a walk at a record of nobody who is expected', async () => {
    const { wrong, lost } = await runWalk(await floor('dgram'), USERS)
    expect(wrong).toBeGreaterThan(0)
    expect(lost).toBe(0)
  })

  test('checks each record of ALL, and that none is missing', async () => {
    expect(await runAll(await floor('sender'), USERS, 0)).toMatchObject({ wrong: 0, lost: 0 })
    expect(await runAll(await floor('sender', USERS - 3), USERS, 0)).toMatchObject({ wrong: 3, lost: 0 })
  })

  test('knows streams of the same bytes by their checksum, and others as wrong', async () => {
    const port = await floor('sender')
    const { checksum } = await runAll(port, USERS, 0)
    expect(await runStreams(port, USERS, 5, checksum)).toMatchObject({ streams: 5, wrong: 0, lost: 0 })
    expect(await runStreams(port, USERS, 5, checksum + 1)).toMatchObject({ streams: 5, wrong: 5, lost: 0 })
  })

  test('counts streams that break off', async () => {
    const port = await floor('sender')
    await Promise.all(ending.splice(0).map((one) => one.stop('SIGKILL')))
    expect(await runStreams(port, USERS, 2, 0)).toMatchObject({ streams: 0, lost: 2 })
  })

  test('repeats streams until it is told to stop', async () => {
    const port = await floor('sender')
    const { checksum } = await runAll(port, USERS, 0)
    const end = performance.now() + 50
    const result = await repeatStreams(port, USERS, 2, checksum, () => performance.now() > end)
    expect(result).toMatchObject({ wrong: 0, lost: 0 })
    expect(result.streams).toBeGreaterThan(2)
  })
})

/** The port of one in C. */
async function floorInC(kind: 'c-match' | 'c-all', context: TestContext): Promise<number> {
  const started = await startFloor(kind, USERS)
  if (started === undefined) return context.skip('there is no C compiler')
  ending.push(started)
  return started.port
}

describe('the floors in C', () => {
  test('answer MATCH of each user by name and number', async (context) => {
    expect(await match(await floorInC('c-match', context), false)).toMatchObject({ wrong: 0, lost: 0 })
  })

  test('answer ALL with every record, again and again', async (context) => {
    const port = await floorInC('c-all', context)
    expect(await runAll(port, USERS, 0)).toMatchObject({ wrong: 0, lost: 0 })
    expect(await runAll(port, USERS, 0)).toMatchObject({ wrong: 0, lost: 0 })
  })
})
