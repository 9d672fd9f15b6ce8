/** What the supervisor knows, as the pages need it. All who ask at one time, or soon after, share an answer. */
import { wholeStatus } from '../control/whole-status.ts'
import type { Answer, Status } from '../messages/control.ts'
import { unpackClients } from '../messages/packed-clients.ts'
import type { Question } from '../messages/status.ts'
import type { Client, RequestCount } from '../messages/usage.ts'
import { within } from '../within.ts'
import { CLIENT_COUNT_GOOD_MS, CLIENTS_GOOD_MS, GOOD_MS, SHOWN_ROWS, UNTOLD_MS } from './limits.ts'
import { shared } from './shared.ts'
import type { RejectedOf } from './view.ts'

export interface Reader {
  /** Throws why there is none. */
  readonly status: () => Promise<Status>
  /** Of these undefined where nobody can tell, or does not soon. */
  readonly usage: () => Promise<readonly RequestCount[] | undefined>
  /** The one last seen comes first. */
  readonly clients: () => Promise<readonly Client[] | undefined>
  /** how many there are */
  readonly clientCount: () => Promise<number | undefined>
  /** Of the domains that have some. */
  readonly rejected: () => Promise<readonly RejectedOf[] | undefined>
}

type Ask = (question: Question) => AsyncGenerator<Answer>

export function createReader(ask: Ask): Reader {
  const status = shared(GOOD_MS, () => readStatus(ask))
  const clients = shared(CLIENTS_GOOD_MS, () => unlessLate(readClients(ask)))
  return {
    status,
    usage: shared(GOOD_MS, () => unlessLate(readUsage(ask))),
    clients,
    clientCount: shared(CLIENT_COUNT_GOOD_MS, async () => (await clients())?.length),
    rejected: shared(GOOD_MS, async () => unlessLate(readRejected(ask, await status()))),
  }
}

/** As it is now. */
export async function readStatus(ask: Ask): Promise<Status> {
  const status = await wholeStatus(ask({ kind: 'status' }))
  if (status === undefined) throw new Error('there is no status')
  return status
}

async function readUsage(ask: Ask): Promise<readonly RequestCount[]> {
  const counts: RequestCount[] = []
  for await (const part of ask({ kind: 'usage' })) if (part.kind === 'usage') counts.push(...part.usage)
  return counts
}

async function readClients(ask: Ask): Promise<readonly Client[]> {
  const all: Client[] = []
  for await (const part of ask({ kind: 'clients' }))
    if (part.kind === 'clients') all.push(...unpackClients(part.clients))
  return all.sort((a, b) => b.last - a.last)
}

/** One domain after the other: the supervisor answers few at a time. */
async function readRejected(ask: Ask, { domains }: Status): Promise<readonly RejectedOf[]> {
  const all: RejectedOf[] = []
  for (const { name, last } of domains)
    if (last !== null && last.rejected > 0) all.push(await readRejectedOf(ask, name))
  return all
}

async function readRejectedOf(ask: Ask, domain: string): Promise<RejectedOf> {
  for await (const part of ask({ kind: 'rejected', domain }))
    if (part.kind === 'rows') return { domain, rows: part.rows.slice(0, SHOWN_ROWS) }
  return { domain, rows: [] }
}

async function unlessLate<T>(read: Promise<T>): Promise<T | undefined> {
  try {
    return await within(read, UNTOLD_MS)
  } catch {
    return undefined
  }
}
