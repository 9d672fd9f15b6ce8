/** What is measured of a daemon's life: a publication, a refresh, a start, an image. */
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { YpStat } from '../../rpc/yp.ts'
import { DEFAULT_PAGE_SIZE } from '../../src/config/defaults.ts'
import { schemaDefaults } from '../../src/config/schemas.ts'
import { groupAttributes, userAttributes } from '../../src/directory/rows.ts'
import { YOUNG_SPACE } from '../../src/supervisor/child.ts'
import { type LabProcess, runOrFail, type Slapd } from '../support/lab.ts'
import { openYpClient } from '../support/yp-client.ts'
import { domainOf, nameOf, userDn } from './data.ts'
import { childrenOf, memoryOf } from './processes.ts'
import { runRounds } from './rounds.ts'
import type { Subject } from './samples.ts'
import { launch, type Server, writeLdif, type Ypldap } from './servers.ts'
import { type Bench, sound, WARM_UP_MS, WrongReplies } from './trials.ts'

/** Milliseconds before and after a refresh in which the caller asks already and still. */
const AROUND_MS = 300
/** Above any refresh. */
const LONG_MS = 120_000
/** After a refresh, until the image before it and what the refresh has used have gone from memory. */
const SETTLED_MS = 2000

export async function measurePublish(bench: Bench, server: Ypldap): Promise<void> {
  const { installation, pids } = server
  const { users } = installation
  await runRounds(bench.recorder, { trial: 'publish', users, width: 1 }, [server], async (_, round) => {
    const idle = await asking(bench, server, users, () => setTimeout(AROUND_MS))
    const shell = `/bin/shell${round}-${Date.now()}`
    writeLdif(installation, shell)
    let refresh = 0
    const { longest } = await asking(bench, server, users, async () => {
      const started = performance.now()
      await server.refresh()
      refresh = performance.now() - started
    })
    await expectShell(server, users, shell)
    await setTimeout(SETTLED_MS)
    return { longest, idle: idle.longest, refresh, ...memoryOf(pids) }
  })
}

/** What a caller saw while this was done. */
async function asking(
  { clients, recorder }: Bench,
  server: Server,
  users: number,
  work: () => Promise<unknown>,
) {
  // Often enough to see a gap, and little enough to leave the refresh its time.
  const job = { port: server.port, users, width: 1, constant: false, pause: 1 }
  await clients.run('match', { ...job, milliseconds: WARM_UP_MS })
  const match = clients.run('match', { ...job, milliseconds: LONG_MS })
  await setTimeout(AROUND_MS)
  try {
    await work()
    await setTimeout(AROUND_MS)
  } finally {
    clients.stop()
  }
  return sound(recorder, server, 'MATCH beside a refresh', await match)
}

/** That the refresh was one: its change is served. */
async function expectShell({ port }: Ypldap, users: number, shell: string): Promise<void> {
  const client = await openYpClient({ transport: 'udp', port })
  try {
    const { status, value } = await client.match(domainOf(users), 'passwd.byname', nameOf(users - 1))
    if (status !== YpStat.TRUE || !value.endsWith(shell)) {
      throw new WrongReplies(`after a refresh that gave ${nameOf(users - 1)} the shell ${shell}: ${value}`)
    }
  } finally {
    client.close()
  }
}

/** Of a daemon that has run and left an image behind. */
export async function measureStart(bench: Bench, stopped: Ypldap): Promise<void> {
  const { recorder, clients } = bench
  const { users, port } = stopped.installation
  await runRounds(recorder, { trial: 'start', users, width: 1 }, [stopped], async () => {
    const answer = clients.run('await', { port, users })
    // A process that has to make its messages first would be late.
    await setTimeout(WARM_UP_MS)
    const started = process.hrtime.bigint()
    const daemon = await launch(stopped.installation, 'serving')
    try {
      const { at } = await answer
      return { ms: Number(BigInt(at) - started) / 1e6 }
    } finally {
      await killAll(daemon)
    }
  })
}

/** At once: its directory process is in the midst of a refresh, and would finish what it does first. */
async function killAll(daemon: LabProcess): Promise<void> {
  const children = childrenOf(daemon.pid)
  await daemon.stop('SIGKILL')
  for (const pid of children) {
    try {
      process.kill(pid, 'SIGKILL')
    } catch {
      // It has ended by itself: its channel was closed.
    }
  }
}

/** Of a daemon over slapd, and of ldapsearch(1), which asks for the same and throws it away. */
export async function measureRefresh({ recorder }: Bench, daemon: Ypldap, slapd: Slapd): Promise<void> {
  const { users } = daemon.installation
  const search = async () => {
    const started = performance.now()
    await runOrFail('sh', ['-ec', searches(slapd)], { timeout: LONG_MS })
    return { ms: performance.now() - started }
  }
  const refresh = async (round: number) => {
    // What has not changed would not be published.
    const shell = `/bin/shell${round}-${Date.now()}`
    const change = `dn: ${userDn(users - 1)}\nchangetype: modify\nreplace: loginShell\nloginShell: ${shell}\n`
    await slapd.modify(change)
    const started = performance.now()
    await daemon.refresh()
    const ms = performance.now() - started
    await expectShell(daemon, users, shell)
    return { ms, ...memoryOf(daemon.pids) }
  }
  const both = [{ subject: daemon.subject }, { subject: 'ldapsearch' }] as const
  await runRounds(recorder, { trial: 'refresh', users, width: 1 }, both, ({ subject }, round) =>
    subject === 'ldapsearch' ? search() : refresh(round),
  )
}

/** With the filters, attributes and pages that the daemon uses when it is not told otherwise. */
function searches({ url, suffix }: Slapd): string {
  const common = `ldapsearch -x -LLL -H '${url}' -b '${suffix}' -E pr=${DEFAULT_PAGE_SIZE}/noprompt`
  const { userFilter, groupFilter, fields } = schemaDefaults('rfc2307', 'none')
  const config = { fields, schema: 'rfc2307', shadow: false } as const
  return [
    `${common} '${userFilter}' ${userAttributes(config).join(' ')}`,
    `${common} '${groupFilter}' ${groupAttributes(config).join(' ')}`,
  ]
    .map((command) => `${command} >/dev/null\n`)
    .join('')
}

/** Of so many users, each time by a fresh process, with the memory and both cores as a refresh has them. */
export function measureBuild(bench: Bench, subject: Subject, users: number): Promise<void> {
  return measureImage(bench, subject, users, 'build')
}

/** The same where groups and netgroups are nested, from their entries on, by the CPU that it takes. */
export function measureNested(bench: Bench, subject: Subject, users: number): Promise<void> {
  return measureImage(bench, subject, users, 'nested')
}

const PROGRAMS = { build: 'build-image.ts', nested: 'build-nested.ts' } as const

async function measureImage(
  { recorder }: Bench,
  subject: Subject,
  users: number,
  trial: keyof typeof PROGRAMS,
): Promise<void> {
  const program = join(import.meta.dirname, PROGRAMS[trial])
  await runRounds(recorder, { trial, users, width: 1 }, [{ subject }], async () => {
    const { milliseconds, megabytes } = JSON.parse(
      await runOrFail(process.execPath, [YOUNG_SPACE, program, String(users)]),
    ) as Record<string, number>
    return { ms: milliseconds ?? Number.NaN, megabytes: megabytes ?? Number.NaN }
  })
}
