import { spawn } from 'node:child_process'
import { once } from 'node:events'
import type * as nodeFs from 'node:fs'
import {
  chmodSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  statSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:net'
import { dirname, join } from 'node:path'
import { afterEach, describe, expect, test, vi } from 'vitest'
import type { Operations } from '../../src/control/operations.ts'
import { ROOT_CONTROL_PATH } from '../../src/control/path.ts'
import { StartError } from '../../src/start-error.ts'
import { waitUntil } from '../support/lab-wait.ts'
import { asking, connected, daemon, nowhere } from './daemon.ts'
import { statusOf } from './status-sample.ts'

/** the mode of the socket whenever it is about to be given to its group */
const early: number[] = []

vi.mock('node:fs', async (original) => {
  const fs = await original<typeof nodeFs>()
  const lchownSync: typeof fs.lchownSync = (path, uid, gid) => {
    early.push(fs.lstatSync(path).mode & 0o777)
    fs.lchownSync(path, uid, gid)
  }
  return { ...fs, lchownSync }
})

const isRoot = process.getuid?.() === 0

afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllEnvs()
  vi.restoreAllMocks()
  early.length = 0
})

/** The error with which a daemon does not start. */
async function refusal(starting: Promise<unknown>): Promise<string> {
  const error: unknown = await starting.then(
    () => new Error('it has started'),
    (error: unknown) => error,
  )
  if (!(error instanceof StartError)) throw error
  expect(error.code).toBe('control-socket-unusable')
  return error.message
}

/** A socket of somebody else. */
async function stranger(path: string) {
  const server = createServer((socket) => socket.destroy())
  server.listen(path)
  await once(server, 'listening')
  return { close: () => new Promise((resolve) => server.close(resolve)) }
}

describe('the control socket', () => {
  test('is for its owner and group from the first moment on, whatever the umask', async () => {
    const umask = process.umask(0)
    try {
      const { path } = await daemon()
      expect(early).toEqual([0o600])
      expect(lstatSync(path).mode & 0o777).toBe(0o660)
      expect(process.umask()).toBe(0)
    } finally {
      process.umask(umask)
    }
  })

  test.runIf(isRoot)('belongs to the group that is named, and to another when told', async () => {
    const { path, regroup } = await daemon({}, { group: 12_345 })
    expect(statSync(path)).toMatchObject({ uid: 0, gid: 12_345 })
    regroup(12_346)
    expect(statSync(path)).toMatchObject({ uid: 0, gid: 12_346 })
    regroup(undefined)
    expect(statSync(path)).toMatchObject({ uid: 0, gid: process.getegid?.() })
    expect(lstatSync(path).mode & 0o777).toBe(0o660)
  })

  test('takes the place of one that a killed daemon has left', async () => {
    const before = await stranger(nowhere('before'))
    linkSync(nowhere('before'), nowhere())
    await before.close()
    expect(lstatSync(nowhere()).isSocket()).toBe(true)
    const { path } = await daemon()
    expect(await asking(path, { kind: 'reload' }).over).toEqual([{ kind: 'end' }])
  })

  test('is not taken from a daemon that lives', async () => {
    const { path } = await daemon()
    expect(await refusal(daemon())).toBe(
      `the control socket ${path} can't be used: another daemon listens there: end that one first; ` +
        "or name another with 'control socket'",
    )
    expect(await asking(path, { kind: 'reload' }).over).toEqual([{ kind: 'end' }])
  })

  test('never takes the place of a file', async () => {
    writeFileSync(nowhere(), 'precious')
    expect(await refusal(daemon())).toContain('there is a file of that name, which is no socket')
    expect(readFileSync(nowhere(), 'utf8')).toBe('precious')
  })

  test('needs a path that fits', async () => {
    const longest = join(dirname(nowhere()), 'x'.repeat(107 - dirname(nowhere()).length - 1))
    expect(longest).toHaveLength(107)
    await daemon({}, { path: longest })
    expect(await refusal(daemon({}, { path: `${longest}x` }))).toContain('its path is longer than 107 bytes')
  })

  test('needs a folder that is there, and into which others can put nothing', async () => {
    const folder = nowhere('folder')
    const path = join(folder, 'control.sock')
    expect(await refusal(daemon({}, { path }))).toBe(
      `the control socket ${path} can't be used: there is no ${folder}; mend that, or name another with 'control socket'`,
    )
    expect(existsSync(folder)).toBe(false)
    mkdirSync(folder)
    chmodSync(folder, 0o777)
    expect(await refusal(daemon({}, { path }))).toContain(`others may write in ${folder}`)
    chmodSync(folder, 0o1777)
    await daemon({}, { path })
  })

  test('makes the usual folder of who is not root, for its owner alone', async () => {
    vi.spyOn(process, 'geteuid').mockReturnValue(process.getuid?.() || 65_534)
    vi.stubEnv('XDG_RUNTIME_DIR', '')
    vi.stubEnv('XDG_STATE_HOME', nowhere('state'))
    const path = nowhere('state/ypldap/control.sock')
    await daemon({}, { path })
    expect(path).not.toBe(ROOT_CONTROL_PATH)
    expect(statSync(dirname(path)).mode & 0o777).toBe(0o700)
    expect(statSync(nowhere('state')).mode & 0o777).toBe(0o700)
  })

  test('goes with its daemon', async () => {
    const { path, close } = await daemon()
    await close()
    expect(existsSync(path)).toBe(false)
  })

  test('stays when another daemon has made it anew', async () => {
    const { path, close } = await daemon()
    unlinkSync(path)
    const other = await stranger(path)
    await close()
    expect(lstatSync(path).isSocket()).toBe(true)
    await once(connected(path).socket, 'connect')
    await other.close()
  })
})

const WIDE = 'x'.repeat(60_000)

/** Many big parts; `made` counts them. */
function bigMap(parts: number) {
  const made = { count: 0, ended: false }
  const cat: Operations['cat'] = async function* () {
    try {
      for (; made.count < parts; ) {
        made.count++
        yield [{ key: String(made.count), value: WIDE }]
      }
    } finally {
      made.ended = true
    }
  }
  return { made, cat }
}

describe('who asks', () => {
  test('gets the parts of the answer and its end, whatever the request', async () => {
    const told: unknown[] = []
    const rows = [{ directory: 'd', dn: 'uid=x', reason: 'no uid' }]
    const records = [{ key: 'a', value: 'b' }]
    const maps = [{ name: 'passwd.byname', records: 1, secure: false }]
    const progress = { directory: 'd', entries: 3, milliseconds: 9 }
    const { path } = await daemon({
      async refresh(request, tell) {
        told.push(request)
        tell(progress)
      },
      setLevel: (level) => void told.push(level),
      maps(...asked) {
        told.push(asked)
        return maps
      },
      async *match(...asked) {
        told.push(asked)
        yield records
      },
      async *cat(...asked) {
        told.push(asked)
        yield records
        yield records
      },
      async *rejected(...asked) {
        told.push(asked)
        yield rows
      },
      check: async () => ['one', 'two'],
      stop: () => void told.push('stop'),
    })
    const end = { kind: 'end' }
    const { domains, ...daemonStatus } = statusOf()
    const ask = (request: Parameters<typeof asking>[1]) => asking(path, request).over
    expect(await ask({ kind: 'status' })).toEqual([
      { kind: 'status', status: daemonStatus },
      ...domains.map((domain) => ({ kind: 'domain', domain })),
      end,
    ])
    expect(await ask({ kind: 'refresh', domain: 'a', force: true, directory: 'd' })).toEqual([
      { kind: 'progress', ...progress },
      end,
    ])
    expect(await ask({ kind: 'log', level: 'debug' })).toEqual([end])
    expect(await ask({ kind: 'maps' })).toEqual([{ kind: 'maps', maps }, end])
    expect(await ask({ kind: 'match', domain: 'a', map: 'm', key: 'k' })).toEqual([
      { kind: 'records', records },
      end,
    ])
    expect(await ask({ kind: 'cat', domain: 'b', map: 'c' })).toEqual([
      { kind: 'records', records },
      { kind: 'records', records },
      end,
    ])
    expect(await ask({ kind: 'rejected' })).toEqual([{ kind: 'rows', rows }, end])
    expect((await ask({ kind: 'check' }))[0]).toEqual({ kind: 'problems', lines: ['one', 'two'] })
    expect(await ask({ kind: 'stop' })).toEqual([end])
    expect(told).toEqual([
      { domain: 'a', force: true, directory: 'd' },
      'debug',
      [undefined],
      ['a', 'm', 'k'],
      ['b', 'c'],
      [undefined],
      'stop',
    ])
  })

  test('is told why there is no answer, or no more of it, in words of any length', async () => {
    const { path } = await daemon({
      maps: () => undefined,
      refresh: async () => {
        throw new Error('é'.repeat(10_000))
      },
      async *cat() {
        yield [{ key: 'a', value: 'b' }]
        throw new Error('the server process is gone')
      },
    })
    expect(await asking(path, { kind: 'maps' }).over).toEqual([
      { kind: 'end', error: 'there are no maps yet' },
    ])
    expect(await asking(path, { kind: 'cat', map: 'm' }).over).toEqual([
      { kind: 'records', records: [{ key: 'a', value: 'b' }] },
      { kind: 'end', error: 'the server process is gone' },
    ])
    const [end] = await asking(path, { kind: 'refresh', force: false }).over
    expect(end).toEqual({ kind: 'end', error: `${'é'.repeat(4095)}…` })
  })

  test('gets problems in any number and of any length', async () => {
    const lines = Array.from({ length: 250 }, () => '\u0001'.repeat(9000))
    const { path } = await daemon({ reload: async () => lines })
    const answers = await asking(path, { kind: 'reload' }).over
    const got = answers.flatMap((part) => (part.kind === 'problems' ? part.lines : []))
    expect(got).toHaveLength(250)
    expect(new Set(got)).toEqual(new Set(['\u0001'.repeat(8192)]))
    expect(answers.at(-1)?.kind).toBe('end')
  })

  test('does not wait for another who is not done', async () => {
    const held = Promise.withResolvers<void>()
    const { path } = await daemon({ refresh: () => held.promise })
    const slow = asking(path, { kind: 'refresh', force: false })
    expect(await asking(path, { kind: 'reload' }).over).toEqual([{ kind: 'end' }])
    expect(slow.answers).toEqual([])
    held.resolve()
    expect(await slow.over).toEqual([{ kind: 'end' }])
  })

  test('is one of sixteen: the next is sent away, until there is room again', async () => {
    const { path } = await daemon()
    const held = Array.from({ length: 16 }, () => connected(path))
    await Promise.all(held.map(({ socket }) => once(socket, 'connect')))
    await connected(path).closed
    expect(held.filter(({ socket }) => socket.destroyed || socket.readableEnded)).toEqual([])
    held[3]!.socket.destroy()
    await waitUntil('there is room', async () => {
      const answers = await asking(path, { kind: 'reload' }).over
      return answers.length === 1
    })
  })

  test('must ask within five seconds', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    const { path, logged } = await daemon()
    const { socket, closed } = connected(path)
    await once(socket, 'connect')
    socket.write(Buffer.from([0, 0]))
    // Connections are taken in their order: with this answer the first has been.
    await asking(path, { kind: 'reload' }).over
    vi.advanceTimersByTime(4999)
    await asking(path, { kind: 'reload' }).over
    expect(socket.readableEnded || socket.destroyed).toBe(false)
    vi.advanceTimersByTime(1)
    await closed
    expect(logged).toEqual([])
  })

  test('may wait longer for the answer', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    const asked = Promise.withResolvers<void>()
    const held = Promise.withResolvers<void>()
    const { path } = await daemon({
      refresh: () => {
        asked.resolve()
        return held.promise
      },
    })
    const { over } = asking(path, { kind: 'refresh', force: false })
    await asked.promise
    vi.advanceTimersByTime(600_000)
    held.resolve()
    expect(await over).toEqual([{ kind: 'end' }])
  })

  test('is sent away, with a line in the log, for what is no request', async () => {
    const { path, logged } = await daemon()
    const { socket, closed } = connected(path)
    const body = Buffer.from('{"kind":"reboot"}')
    const head = Buffer.alloc(4)
    head.writeUInt32BE(body.length)
    let answered = ''
    socket.on('data', (chunk) => (answered += chunk.toString()))
    socket.write(Buffer.concat([head, body]))
    await closed
    expect(answered).toBe('')
    expect(logged).toHaveLength(1)
    expect(logged[0]).toMatch(
      /^warning bad-request: the control socket was asked what it does not know: message\.kind: /,
    )
  })

  test('asks once a connection: a second request is not heard', async () => {
    const asked: string[] = []
    const held = Promise.withResolvers<void>()
    const { path } = await daemon({
      reload: async () => {
        asked.push('reload')
        await held.promise
        return []
      },
      stop: () => void asked.push('stop'),
    })
    const first = asking(path, { kind: 'reload' })
    const body = Buffer.from('{"kind":"stop"}')
    first.socket.write(Buffer.concat([Buffer.from([0, 0, 0, body.length]), body]))
    await waitUntil('it has asked', () => asked.length > 0)
    await asking(path, { kind: 'maps' }).over
    held.resolve()
    expect(await first.over).toEqual([{ kind: 'end' }])
    expect(asked).toEqual(['reload'])
  })

  test('and takes nothing holds up no more than half a megabyte, and gets all of it later', async () => {
    const { made, cat } = bigMap(500)
    const { path } = await daemon({ cat })
    const { socket, answers, over } = asking(path, { kind: 'cat', map: 'm' })
    socket.pause()
    await waitUntil('parts are made', () => made.count > 0)
    // Were nothing to stop it, it would have made all of them in one go.
    await asking(path, { kind: 'reload' }).over
    expect(made.count * WIDE.length).toBeLessThan(1024 * 1024)
    socket.resume()
    await over
    expect(made).toEqual({ count: 500, ended: true })
    expect(answers).toHaveLength(501)
  })

  test('and goes ends what was being made', async () => {
    const { made, cat } = bigMap(Infinity)
    const { path } = await daemon({ cat })
    const { socket, answers } = asking(path, { kind: 'cat', map: 'm' })
    await waitUntil('a part has come', () => answers.length > 0)
    socket.destroy()
    await waitUntil('it has ended', () => made.ended)
    expect(made.count).toBeLessThan(1000)
  })
})

describe('a control socket that is closed', () => {
  test('still gives the answers that were asked for, even if one of them is what closes it', async () => {
    const { path, close } = await daemon({
      reload: async () => {
        await close()
        return ['this one']
      },
    })
    const [part] = await asking(path, { kind: 'reload' }).over
    expect(part).toEqual({ kind: 'problems', lines: ['this one'] })
    expect(existsSync(path)).toBe(false)
  })

  test('can be closed twice', async () => {
    const { path, close } = await daemon()
    await close()
    await close()
    expect(existsSync(path)).toBe(false)
  })

  test('keeps no process alive for a reader who takes nothing', async () => {
    const child = spawn(process.execPath, [join(import.meta.dirname, 'ending-daemon.ts'), nowhere()], {
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    const exited = once(child, 'exit')
    await once(child.stdout, 'data')
    const { socket } = asking(nowhere(), { kind: 'cat', map: 'm' })
    socket.pause()
    // It says so when its reader is behind.
    await once(child.stdout, 'data')
    child.stdin.end()
    expect(await exited).toEqual([0, null])
  })
})
