import { once } from 'node:events'
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { YpStat } from '../../rpc/yp.ts'
import type { Status } from '../../src/messages/control.ts'
import { ask, status } from '../support/fault-daemon.ts'
import { logged, untilLogged } from '../support/lab-log.ts'
import { freePort } from '../support/lab-port.ts'
import type { LabProcess } from '../support/lab-process.ts'
import { waitUntil } from '../support/lab-wait.ts'
import { openToTheNetwork } from '../support/proc.ts'
import { openYpClient } from '../support/yp-client.ts'
import { DOMAIN, exampleLdif, nowhere, places, serve, write } from './command.ts'

// A reload touches what differs and nothing else.

const isRoot = process.getuid?.() === 0

const ending: (() => unknown)[] = []
afterEach(async () => {
  for (const end of ending.splice(0)) await end()
})

interface Running {
  readonly ypldap: LabProcess
  /** Writes another configuration and has it read. */
  readonly reload: (changes: Conf) => Promise<unknown>
  readonly now: (control?: string) => Promise<Status>
}

interface Conf {
  readonly domain?: string
  readonly places?: readonly string[]
  readonly global?: readonly string[]
  readonly block?: readonly string[]
}

async function running(conf: Conf): Promise<Running> {
  const ldif = exampleLdif()
  const text = ({ domain = DOMAIN, places: own = places(), global = [], block = [] }: Conf) =>
    [
      `domain "${domain}"`,
      'bind local',
      ...own,
      ...global,
      `directory file "${ldif}" {`,
      'basedn "dc=example,dc=com"',
      ...block,
      '}',
      '',
    ].join('\n')
  const file = write('ypldap.conf', text(conf))
  const ypldap = await serve(file)
  await untilLogged(ypldap, 'published')
  const control = nowhere('control.sock')
  return {
    ypldap,
    async reload(changes) {
      writeFileSync(file, text(changes))
      return ask(control, { kind: 'reload' })
    },
    now: (path = control) => status(path),
  }
}

const pids = ({ processes }: Status) => Object.fromEntries(processes.map(({ role, pid }) => [role, pid]))

async function answers(port: number): Promise<number> {
  const client = await openYpClient({ transport: 'udp', port })
  ending.push(() => client.close())
  return (await client.match(DOMAIN, 'passwd.byname', 'alice')).status
}

describe('a reload', () => {
  test('of a file that has not changed touches nothing', async () => {
    const daemon = await running({})
    const [before, held] = [await daemon.now(), openToTheNetwork(daemon.ypldap.pid)]
    await daemon.reload({})
    const after = await daemon.now()
    expect(pids(after)).toEqual(pids(before))
    expect(openToTheNetwork(daemon.ypldap.pid)).toEqual(held)
    expect(after.domains[0]!.image).toEqual(before.domains[0]!.image)
    expect(after.domains[0]!.last).toEqual(before.domains[0]!.last)
    expect(logged(daemon.ypldap.output(), 'reloaded')).toHaveLength(1)
  })

  test('of another filter refreshes at once, with the same processes and sockets', async () => {
    const daemon = await running({})
    const [before, held] = [await daemon.now(), openToTheNetwork(daemon.ypldap.pid)]
    await daemon.reload({ block: ['passwd filter "(!(uid=judy))"'] })
    await waitUntil(
      'the new maps are served',
      async () => (await daemon.now()).domains[0]!.image?.users === 11,
    )
    expect(pids(await daemon.now())).toEqual(pids(before))
    expect(openToTheNetwork(daemon.ypldap.pid)).toEqual(held)
  })

  test('of SIGHUP is the same', async () => {
    const daemon = await running({})
    const before = await daemon.now()
    process.kill(daemon.ypldap.pid, 'SIGHUP')
    await untilLogged(daemon.ypldap, 'reloaded')
    expect(pids(await daemon.now())).toEqual(pids(before))
  })

  test('of another port among two binds that one, and leaves the other and the directories alone', async () => {
    const [first, second, third] = [await freePort(), await freePort(), await freePort()]
    const daemon = await running({ global: [`listen port ${first}`, `listen port ${second}`] })
    const [before, held] = [await daemon.now(), openToTheNetwork(daemon.ypldap.pid)]
    await daemon.reload({ global: [`listen port ${first}`, `listen port ${third}`] })
    const after = await daemon.now()
    expect(await answers(first)).toBe(YpStat.TRUE)
    expect(await answers(third)).toBe(YpStat.TRUE)
    const kept = openToTheNetwork(daemon.ypldap.pid).filter((inode) => held.includes(inode))
    expect(kept).toHaveLength(held.length / 2)
    expect(pids(after)['directory']).toBe(pids(before)['directory'])
    expect(after.domains[0]!.last).toEqual(before.domains[0]!.last)
    expect(after.endpoints.map(({ port }) => port)).not.toContain(second)
  })

  test('of another place for the control socket is answered where it was asked', async () => {
    const daemon = await running({})
    const before = await daemon.now()
    const path = nowhere('elsewhere.sock')
    await daemon.reload({
      places: places().map((line) => (line.startsWith('control socket') ? `control socket "${path}"` : line)),
    })
    expect(existsSync(nowhere('control.sock'))).toBe(false)
    expect(statSync(path).mode & 0o777).toBe(0o660)
    expect(pids(await daemon.now(path))).toEqual(pids(before))
  })

  test('of another state directory commits the maps there', async () => {
    const daemon = await running({})
    await daemon.reload({
      places: places().map((line) =>
        line.startsWith('state directory') ? `state directory "${nowhere('state2')}"` : line,
      ),
    })
    const image = `${nowhere('state2')}/${DOMAIN}.image`
    await waitUntil('the maps are there', () => existsSync(image))
    expect((await daemon.now()).domains[0]!.state).toBe(nowhere('state2'))
  })

  test.runIf(isRoot)(
    'of another account starts a server process of that one on the same sockets',
    async () => {
      const daemon = await running({})
      const [before, held] = [await daemon.now(), openToTheNetwork(daemon.ypldap.pid)]
      await daemon.reload({
        places: places().map((line) => (line.startsWith('user ') ? 'user "bin"' : line)),
      })
      const after = await daemon.now()
      expect(pids(after)['server']).not.toBe(pids(before)['server'])
      const bin = readFileSync('/etc/passwd', 'utf8')
        .split('\n')
        .find((line) => line.startsWith('bin:'))!
      expect(statSync(`/proc/${pids(after)['server']}`).uid).toBe(Number(bin.split(':')[2]))
      expect(openToTheNetwork(daemon.ypldap.pid)).toEqual(held)
      expect(await answers(after.endpoints[0]!.port)).toBe(YpStat.TRUE)
    },
  )

  test('that fails at its last step leaves all as it was, and says why', async () => {
    const [first, taken] = [await freePort(), await freePort()]
    const server = createServer().listen(taken, '127.0.0.1')
    ending.push(() => new Promise((closed) => server.close(closed)))
    await once(server, 'listening')
    const daemon = await running({ global: [`listen port ${first}`] })
    const [before, held] = [await daemon.now(), openToTheNetwork(daemon.ypldap.pid)]
    const wrong = {
      global: [`listen port ${first}`, `listen port ${taken}`],
      block: ['passwd filter "(uid=alice)"'],
    }
    await expect(daemon.reload(wrong)).rejects.toThrow(`port ${taken} is taken by`)
    const after = await daemon.now()
    expect(pids(after)).toEqual(pids(before))
    expect(openToTheNetwork(daemon.ypldap.pid)).toEqual(held)
    expect(after.domains[0]!.image).toEqual(before.domains[0]!.image)
    expect(logged(daemon.ypldap.output(), 'reload-failed')).toHaveLength(1)
  })

  test('of another domain serves that as soon as there are maps of it, and so back again', async () => {
    const daemon = await running({})
    const { port } = (await daemon.now()).endpoints[0]!
    const served = async (domain: string) => {
      const client = await openYpClient({ transport: 'udp', port })
      const is = await client.domain(domain)
      client.close()
      return is
    }
    for (const domain of ['other.example', DOMAIN, 'other.example', DOMAIN]) {
      await daemon.reload({ domain })
      await waitUntil(`${domain} is served`, () => served(domain))
      expect((await daemon.now()).domains[0]!.refused).toBe('')
    }
  })

  test('behind SIGTERM is none: the daemon ends, and holds up its end for no queue of them', async () => {
    const daemon = await running({})
    for (let number = 0; number < 20; number++) process.kill(daemon.ypldap.pid, 'SIGHUP')
    process.kill(daemon.ypldap.pid, 'SIGTERM')
    for (let number = 0; number < 20; number++) process.kill(daemon.ypldap.pid, 'SIGHUP')
    expect(await daemon.ypldap.exited).toEqual({ code: 0, signal: null })
    expect(logged(daemon.ypldap.output(), 'reloaded').length).toBeLessThan(3)
  })

  test('of what only a restart can change changes nothing, and says so', async () => {
    const daemon = await running({})
    await expect(daemon.reload({ global: ['udp workers 2', 'interval 700'] })).rejects.toThrow(
      /udp workers.*restart/,
    )
    expect((await daemon.now()).domains[0]!.interval).toBe(600)
  })

  test('of a limit holds for connections that are open, and closes none of them', async () => {
    const port = await freePort()
    const daemon = await running({ global: [`listen port ${port}`] })
    const before = await daemon.now()
    const client = await openYpClient({ transport: 'tcp', port })
    ending.push(() => client.close())
    const long = Buffer.alloc(3000)
    await client.domain(DOMAIN)
    await daemon.reload({ global: [`listen port ${port}`, 'limit tcp request 2048'] })
    expect(await client.domain(DOMAIN)).toBe(true)
    expect(pids(await daemon.now())).toEqual(pids(before))
    expect(await client.send(long)).toBe('closed')
    expect((await daemon.now()).requests?.tcp.closedTooLong).toBe(1)
  })

  test('that is asked for while another is under way comes after it', async () => {
    const daemon = await running({})
    await Promise.all([
      daemon.reload({ global: ['interval 700'] }),
      daemon.reload({ global: ['interval 800'] }),
      daemon.reload({ global: ['interval 900'] }),
    ])
    expect((await daemon.now()).domains[0]!.interval).toBe(900)
  })
})

describe('the level of the log', () => {
  test('changes while the daemon runs, in all its processes, and nothing else does', async () => {
    const daemon = await running({})
    const before = await daemon.now()
    const control = nowhere('control.sock')
    await ask(control, { kind: 'refresh', force: false })
    expect(logged(daemon.ypldap.output(), 'unchanged')).toEqual([])
    await ask(control, { kind: 'log', level: 'debug' })
    await ask(control, { kind: 'refresh', force: false })
    await untilLogged(daemon.ypldap, 'unchanged')
    await ask(control, { kind: 'log', level: 'error' })
    await ask(control, { kind: 'reload' })
    expect(logged(daemon.ypldap.output(), 'reloaded')).toEqual([])
    expect(pids(await daemon.now())).toEqual(pids(before))
  })
})
