/**
 * The running daemon under steady load while things go wrong. Clients may notice one thing only: a datagram that a
 * killed server had already read must be sent a second time.
 */
import { chmodSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { BATCH } from '../../src/server/batch.ts'
import { startDaemon, type TestDaemon } from '../support/fault-daemon.ts'
import { figure } from '../support/figure.ts'
import { freePort } from '../support/lab-port.ts'
import { waitUntil } from '../support/lab-wait.ts'
import { type Load, type Report, startLoad } from '../support/steady-load.ts'

/** The whole numbers are for `scripts/test --long`. */
const LONG = process.env['YPLDAP_LONG'] === '1'
const KILLS = LONG ? 100 : 10
const PUBLISHES = LONG ? 10_000 : 150
const RELOADS = LONG ? 100 : 20

/**
 * One that has served for a second is started again at once when it dies. And what was lost with it is sent again
 * two seconds later, when the next must not be just dying.
 */
const SOUND_MS = 3000

const DOMAIN = 'example.com'
const PATIENT = { timeout: LONG ? 3_600_000 : 120_000 }

async function underLoad(
  work: (daemon: TestDaemon, load: Load) => Promise<void>,
  ...global: readonly string[]
): Promise<Report> {
  const daemon = await startDaemon(...global)
  const load = await startLoad(DOMAIN, daemon.port, 1)
  try {
    // The load is there before anything happens.
    await waitUntil('answers come', () => load.report().matches > 50 && load.report().alls > 0)
    await work(daemon, load)
    const before = load.report()
    await waitUntil('answers still come', () => load.report().matches > before.matches + 50)
  } catch (error) {
    throw new Error(`${(error as Error).message}\n${daemon.output()}`, { cause: error })
  } finally {
    await load.stop()
  }
  const report = load.report()
  const { latencies, ...rest } = report
  const at = (part: number) => latencies[Math.floor((latencies.length - 1) * part)]?.toFixed(1)
  console.log(
    JSON.stringify({
      ...rest,
      'p50 ms': at(0.5),
      'p99 ms': at(0.99),
      'p99.9 ms': at(0.999),
      'max ms': at(1),
    }),
  )
  return report
}

const count = (number: number) => number.toLocaleString('en-US')

/** What came of a report, in words. */
function told({ matches, alls, lost, wrong, resent, reconnected }: Report): string {
  const outcome = `${lost.length} lost, ${wrong.length} wrong or mixed, ${resent} sent twice`
  return `${count(matches)} MATCH and ${count(alls)} ALL: ${outcome}, ${reconnected} streams broken`
}

const NOTHING_LOST = { lost: [], wrong: [], resent: 0, reconnected: 0 }

describe('clients notice nothing of', () => {
  test(
    `${PUBLISHES} new generations: each answer is of one whole generation, or the next`,
    PATIENT,
    async () => {
      const report = await underLoad(async (daemon, load) => {
        for (let generation = 2; generation <= PUBLISHES + 1; generation++) {
          load.expect(generation - 1, generation)
          await daemon.publish(generation)
          load.expect(generation, generation)
        }
      })
      figure('G3', `${count(PUBLISHES)} publications: ${told(report)}`)
      expect(report).toMatchObject(NOTHING_LOST)
    },
  )

  test(`${KILLS} deaths of the directory process`, PATIENT, async () => {
    const report = await underLoad(async (daemon) => {
      for (let kill = 1; kill <= KILLS; kill++) {
        const pid = await daemon.pidOf('directory')
        process.kill(pid, 'SIGKILL')
        // It counts as sound once it has refreshed.
        await waitUntil('another one has refreshed', async () => {
          const { processes, domains } = await daemon.status()
          const domain = domains[0]!
          const directory = processes.find(({ role }) => role === 'directory')
          return directory?.restarts === kill && domain.last !== null && domain.next > 0
        })
      }
    })
    figure('G11', `${KILLS} deaths of the directory process: ${told(report)}`)
    expect(report).toMatchObject(NOTHING_LOST)
  })

  test(`${RELOADS} reloads that change access, interval and filters`, PATIENT, async () => {
    const report = await underLoad(async (daemon) => {
      const nets = `${daemon.state}.nets`
      const rules = [
        ['allow from 192.0.2.0/24'],
        ['allow from 127.0.0.0/8', 'map "passwd.byname" { allow from 127.0.0.0/8\ndeny from any }'],
        [`securenets "${nets}"`, 'deny from any', 'map "group.byname" { deny from any }'],
        ['deny from any port reserved', 'allow from any'],
      ]
      for (let reload = 1; reload <= RELOADS; reload++) {
        writeFileSync(nets, `host 127.0.0.1\nhost 192.0.2.${reload % 256}\n`, { mode: 0o644 })
        daemon.configure(
          `interval ${1000 + reload}`,
          ...rules[reload % rules.length]!,
          ...(reload % 3 === 0 ? ['record limit 2048'] : []),
        )
        await daemon.reload()
      }
    })
    expect(report).toMatchObject(NOTHING_LOST)
  })

  test(
    'a port that is added and one that is taken away: the one that stays is never silent',
    PATIENT,
    async () => {
      const report = await underLoad(async (daemon, load) => {
        for (let move = 1; move <= 5; move++) {
          const server = await daemon.pidOf('server')
          const old = daemon.port
          const port = await freePort()
          daemon.configure(`listen port ${old}`, `listen port ${port}`)
          await daemon.reload()
          expect(await daemon.pidOf('server')).not.toBe(server)
          load.moveTo(port)
          await waitUntil('the old server has drained', () => !daemon.isAlive(server), 40_000)
          daemon.listen(port)
          await daemon.reload()
        }
      })
      expect(report).toMatchObject(NOTHING_LOST)
    },
  )

  test('a reload with an error: all stays as it was, and all errors are told', PATIENT, async () => {
    const report = await underLoad(async (daemon) => {
      const pids = await Promise.all([daemon.pidOf('server'), daemon.pidOf('directory')])
      daemon.configure('interval none', 'nonsense', 'user "root"')
      await expect(daemon.reload()).rejects.toThrow(/number of seconds[^]*unknown statement[^]*root/)
      expect(await Promise.all([daemon.pidOf('server'), daemon.pidOf('directory')])).toEqual(pids)
      daemon.configure()
      await daemon.reload()
    })
    expect(report).toMatchObject(NOTHING_LOST)
  })

  test('a directory that is gone, empty, half there or damaged', PATIENT, async () => {
    const report = await underLoad(async (daemon) => {
      const whole = readFileSync(daemon.ldif, 'utf8')
      for (const [text, reason] of [
        ['', /no users and no groups/],
        [whole.split('\n\n').slice(0, 20).join('\n\n'), /users where 200 were before/],
        [`${whole}\nnonsense`, /can't be used/],
      ] as const) {
        daemon.write(text)
        await expect(daemon.refresh()).rejects.toThrow(reason)
        expect((await daemon.status()).domains[0]!.last).toMatchObject({ outcome: 'trashed' })
      }
    })
    expect(report).toMatchObject(NOTHING_LOST)
  })

  test('a state directory that can not be written to', PATIENT, async () => {
    const report = await underLoad(async (daemon, load) => {
      const { mode } = statSync(daemon.state)
      // A folder in the place of the file: no rename gets past it, whoever tries.
      chmodSync(daemon.state, 0o550)
      load.expect(1, 2)
      await expect(daemon.publish(2)).rejects.toThrow(/state|EACCES|permission/)
      load.expect(1, 1)
      chmodSync(daemon.state, mode & 0o7777)
      load.expect(1, 2)
      await daemon.publish(2)
      load.expect(2, 2)
    })
    expect(report).toMatchObject(NOTHING_LOST)
  })
})

describe('the death of the server process', () => {
  test(`${KILLS} times costs what clients send a second time, and nothing else`, PATIENT, async () => {
    /** milliseconds until the next one was seen to serve */
    const back: number[] = []
    const report = await underLoad(async (daemon) => {
      for (let kill = 1; kill <= KILLS; kill++) {
        const pid = await daemon.pidOf('server')
        process.kill(pid, 'SIGKILL')
        const killed = Date.now()
        let since: number | undefined
        await waitUntil('another one has served for a while', async () => {
          const { processes, domains } = await daemon.status()
          const domain = domains[0]!
          const server = processes.find(({ role }) => role === 'server')
          const serves = server?.restarts === kill && domain.image !== null
          since = serves ? (since ?? Date.now()) : undefined
          if (since !== undefined) back[kill - 1] ??= since - killed
          return since !== undefined && Date.now() - since > SOUND_MS
        })
      }
    })
    const [median, longest] = [Math.floor(KILLS / 2), KILLS - 1].map(
      (at) => back.toSorted((a, b) => a - b)[at],
    )
    figure(
      'G11',
      `${KILLS} deaths of the server process: back after ${median} ms, ${longest} at most; ${told(report)}`,
    )
    expect(report).toMatchObject({ lost: [], wrong: [] })
    // Datagrams that were read and not answered: a batch at most each time.
    expect(report.resent).toBeLessThanOrEqual(KILLS * BATCH)
    expect(report.reconnected).toBeLessThanOrEqual(KILLS)
  })

  test(
    'with a damaged image on disk is followed by a new image, and the old one is refused in one line',
    PATIENT,
    async () => {
      const daemon = await startDaemon()
      const { size } = statSync(daemon.image)
      for (const damage of [
        () => truncateSync(daemon.image, size - 1),
        () => truncateSync(daemon.image, 0),
        () => {
          const bytes = readFileSync(daemon.image)
          bytes[size >> 1]! ^= 1
          writeFileSync(daemon.image, bytes)
        },
      ]) {
        const refusals = daemon.logged('image-refused').length
        damage()
        process.kill(await daemon.pidOf('server'), 'SIGKILL')
        await waitUntil('an image is served again', async () => {
          const domain = (await daemon.status()).domains[0]!
          return (
            domain.image !== null && domain.refused === '' && daemon.logged('image-refused').length > refusals
          )
        })
        expect(daemon.logged('image-refused')).toHaveLength(refusals + 1)
      }
    },
  )
})

describe('the end of the supervisor', () => {
  test('is the end of all, even by SIGKILL', async () => {
    const daemon = await startDaemon()
    const pids = await Promise.all([daemon.pidOf('server'), daemon.pidOf('directory')])
    expect(pids.every((pid) => daemon.isAlive(pid))).toBe(true)
    process.kill(daemon.pid, 'SIGKILL')
    await waitUntil('its children are gone', () => !pids.some((pid) => daemon.isAlive(pid)))
  })
})
