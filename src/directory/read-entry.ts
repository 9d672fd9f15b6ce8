import { isUtf8 } from 'node:buffer'
import { PresenceFilter, SearchRequest, SearchResponse } from 'ldapts'

import type { Octets } from '../maps/rows.ts'
import type { Entry } from './entry.ts'
import { EntryMessage } from './entry-message.ts'
import { DirectoryError } from './error.ts'
import { readable } from './octets.ts'
import type { Session } from './session.ts'
import { describeResult, SUCCESS } from './status.ts'

/**
 * Attributes of the entry that has this DN.
 * @throws DirectoryError, also when there is no such entry
 */
export async function readEntry(session: Session, dn: Octets, attributes: readonly string[]): Promise<Entry> {
  if (!isUtf8(Buffer.from(dn, 'latin1'))) {
    throw new DirectoryError('protocol', `the server gave a DN that is not UTF-8: "${readable(dn)}"`)
  }
  let found: Entry | undefined
  const done = await session.request(
    SearchResponse,
    (messageId) =>
      new SearchRequest({
        messageId,
        baseDN: readable(dn),
        scope: 'base',
        derefAliases: 'never',
        timeLimit: 0,
        filter: new PresenceFilter({ attribute: 'objectClass' }),
        attributes: [...attributes],
      }),
    (part) => {
      if (part instanceof EntryMessage) found = part.entry
    },
  )
  if (done.status !== SUCCESS) {
    throw new DirectoryError('search-failed', `reading "${readable(dn)}" ended in ${describeResult(done)}`)
  }
  if (found === undefined) {
    throw new DirectoryError('search-failed', `the entry "${readable(dn)}" is no longer to be seen`)
  }
  return found
}
