import { isUtf8 } from 'node:buffer'
import { type Filter, PresenceFilter, SearchRequest, SearchResponse } from 'ldapts'

import type { Octets } from '../maps/rows.ts'
import type { Entry } from './entry.ts'
import { EntryMessage } from './entry-message.ts'
import { DirectoryError } from './error.ts'
import { readable } from './octets.ts'
import { askedFor } from './search.ts'
import type { Session } from './session.ts'
import { describeResult, NO_SUCH_OBJECT, REFERRAL, SUCCESS } from './status.ts'

/** invalidDNSyntax and insufficientAccessRights: as good as not there, like a DN of another server. */
const UNSEEN: ReadonlySet<number> = new Set([REFERRAL, NO_SUCH_OBJECT, 34, 50])

/** One entry, and references that stand beside it. */
const MOST_PARTS = 100

const EVERY = new PresenceFilter({ attribute: 'objectClass' })

/**
 * Attributes of the entry that has this DN.
 * @throws DirectoryError, also when there is no such entry
 */
export async function readEntry(session: Session, dn: Octets, attributes: readonly string[]): Promise<Entry> {
  if (!isUtf8(Buffer.from(dn, 'latin1'))) {
    throw new DirectoryError('protocol', `the server gave a DN that is not UTF-8: "${readable(dn)}"`)
  }
  const { entry, done } = await read(session, dn, EVERY, attributes)
  if (done.status !== SUCCESS) throw refusal(dn, done)
  if (entry === undefined) {
    throw new DirectoryError('search-failed', `the entry "${readable(dn)}" is no longer to be seen`)
  }
  return entry
}

/**
 * The same, if the filter is true of it; undefined when it is not, and when there is nothing to be seen there.
 * @throws DirectoryError
 */
export async function findEntry(
  session: Session,
  dn: Octets,
  filter: Filter,
  attributes: readonly string[],
): Promise<Entry | undefined> {
  if (!isUtf8(Buffer.from(dn, 'latin1'))) return undefined
  const { entry, done } = await read(session, dn, filter, attributes)
  if (done.status !== SUCCESS && !UNSEEN.has(done.status)) throw refusal(dn, done)
  return entry
}

async function read(session: Session, dn: Octets, filter: Filter, attributes: readonly string[]) {
  let entry: Entry | undefined
  let parts = 0
  const done = await session.request(
    SearchResponse,
    (messageId) =>
      new SearchRequest({
        messageId,
        baseDN: readable(dn),
        scope: 'base',
        derefAliases: 'never',
        timeLimit: 0,
        filter,
        attributes: askedFor(attributes),
      }),
    (part) => {
      parts += 1
      if ((entry !== undefined && part instanceof EntryMessage) || parts > MOST_PARTS) {
        throw new DirectoryError('protocol', `the server gave more than one entry for "${readable(dn)}"`)
      }
      if (part instanceof EntryMessage) entry = part.entry
    },
  )
  return { entry, done }
}

function refusal(dn: Octets, done: SearchResponse): DirectoryError {
  return new DirectoryError('search-failed', `reading "${readable(dn)}" ended in ${describeResult(done)}`)
}
