/** What the supervisor knows, as the pages need it. All who ask within a second share an answer. */
import type { Answer, DaemonStatus, DomainStatus, Status } from '../messages/control.ts'
import type { Question } from '../messages/status.ts'
import type { Client, RequestCount } from '../messages/usage.ts'
import type { RejectedOf } from './view.ts'

/** Milliseconds that an answer is good for. */
const GOOD_MS = 1000

/** Rows of a domain that are shown: who wants all asks ypldapctl. */
const SHOWN_ROWS = 50

export interface Reader {
  readonly status: () => Promise<Status>
  readonly usage: () => Promise<readonly RequestCount[]>
  /** the one last seen comes first */
  readonly clients: () => Promise<readonly Client[]>
  readonly rejected: (domains: readonly string[]) => Promise<readonly RejectedOf[]>
}

/** Each function throws why there is no answer. */
export function createReader(ask: (question: Question) => AsyncGenerator<Answer>): Reader {
  const status = shared(async () => {
    let daemon: DaemonStatus | undefined
    const domains: DomainStatus[] = []
    for await (const part of ask({ kind: 'status' })) {
      if (part.kind === 'status') daemon = part.status
      else if (part.kind === 'domain') domains.push(part.domain)
    }
    if (daemon === undefined) throw new Error('there is no status')
    return { ...daemon, domains }
  })
  const usage = shared(async () => {
    const counts: RequestCount[] = []
    for await (const part of ask({ kind: 'usage' })) if (part.kind === 'usage') counts.push(...part.usage)
    return counts
  })
  const clients = shared(async () => {
    const all: Client[] = []
    for await (const part of ask({ kind: 'clients' })) if (part.kind === 'clients') all.push(...part.clients)
    return all.sort((a, b) => b.last - a.last)
  })
  const rejectedOf = async (domain: string): Promise<RejectedOf> => {
    for await (const part of ask({ kind: 'rejected', domain }))
      if (part.kind === 'rows') return { domain, rows: part.rows.slice(0, SHOWN_ROWS) }
    return { domain, rows: [] }
  }
  return {
    status,
    usage,
    clients,
    rejected: (domains) => Promise.all(domains.map(rejectedOf)),
  }
}

function shared<T>(read: () => Promise<T>): () => Promise<T> {
  let last: Promise<T> | undefined
  let until = 0
  return () => {
    const now = performance.now()
    if (last === undefined || now > until) {
      until = now + GOOD_MS
      last = read()
      // What failed is tried again by the next who asks.
      last.catch(() => {
        until = 0
      })
    }
    return last
  }
}
