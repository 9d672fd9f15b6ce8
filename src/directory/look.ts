/** A look at a directory before anything is known of it: what it says of itself, and some of its entries. */
import { SearchRequest, SearchResponse } from 'ldapts'
import type { Octets } from '../maps/rows.ts'
import { allValues, type Entry } from './entry.ts'
import { EntryMessage } from './entry-message.ts'
import { DirectoryError } from './error.ts'
import { parseFilter } from './filter.ts'
import { readable } from './octets.ts'
import { findEntry } from './read-entry.ts'
import { askedFor } from './search.ts'
import type { Session } from './session.ts'
import { describeResult, NO_SUCH_OBJECT, SIZE_LIMIT_EXCEEDED, SUCCESS } from './status.ts'

/** What a server says of itself (RFC 4512 s.5.1), of which it may keep all to itself. */
export interface RootDse {
  /** for people; '' when it does not say */
  readonly vendor: string
  readonly isActiveDirectory: boolean
  readonly isIpa: boolean
  /** bases that hold entries of an operator's own; where the server names the usual one, that alone */
  readonly contexts: readonly string[]
}

/** MS-ADTS s.3.1.1.3.4.3: "this is Active Directory", and not its lightweight variant. */
const ACTIVE_DIRECTORY = '1.2.840.113556.1.4.800'

const ATTRIBUTES = [
  'objectClass',
  'namingContexts',
  'defaultNamingContext',
  'supportedCapabilities',
  'vendorName',
  'vendorVersion',
  'ipaDomainLevel',
]

/** Trees of servers themselves. */
const OF_SERVERS = /^(?:cn=(?:config|schema|monitor|changelog|accesslog)|o=(?:netscaperoot|ipaca))$/i

/** @throws DirectoryError when the session ends */
export async function readRootDse(session: Session): Promise<RootDse> {
  const entry = await findEntry(session, '', parseFilter('(objectClass=*)'), ATTRIBUTES).catch(unlessRefused)
  const values = (name: string) => (entry === undefined ? [] : allValues(entry, name).map(readable))
  const [usual] = values('defaultNamingContext')
  const contexts = values('namingContexts').filter((base) => base !== '' && !OF_SERVERS.test(base))
  const isActiveDirectory = values('supportedCapabilities').includes(ACTIVE_DIRECTORY)
  const isOpenLdap = values('objectClass').some((name) => name.toLowerCase() === 'openldaprootdse')
  const said = [...values('vendorName'), ...values('vendorVersion')].join(', ')
  return {
    vendor: isActiveDirectory ? 'Active Directory' : isOpenLdap ? 'OpenLDAP' : said,
    isActiveDirectory,
    isIpa: values('ipaDomainLevel').length > 0,
    contexts: usual === undefined ? contexts : [usual],
  }
}

/** Some servers show it to no stranger. */
function unlessRefused(error: unknown): undefined {
  if (error instanceof DirectoryError && error.code === 'search-failed') return undefined
  throw error
}

/**
 * Some entries below a base, at most so many; which, is the server's choice.
 * @throws DirectoryError
 */
export async function someEntries(
  session: Session,
  { base, filter, attributes }: Sample,
  most: number,
): Promise<readonly Entry[]> {
  const entries: Entry[] = []
  const parsed = parseFilter(filter)
  const done = await session.request(
    SearchResponse,
    (messageId) =>
      new SearchRequest({
        messageId,
        baseDN: base,
        scope: 'sub',
        derefAliases: 'never',
        sizeLimit: most,
        timeLimit: 0,
        filter: parsed,
        attributes: askedFor(attributes),
      }),
    (part) => {
      if (part instanceof EntryMessage && entries.length < most) entries.push(part.entry)
    },
  )
  // Whose own limit is smaller than ours has still given something.
  const isGood = done.status === SUCCESS || done.status === SIZE_LIMIT_EXCEEDED
  if (isGood || entries.length > 0) return entries
  const code = done.status === NO_SUCH_OBJECT ? 'no-base' : 'search-failed'
  throw new DirectoryError(code, `the search below "${base}" ended in ${describeResult(done)}`)
}

export interface Sample {
  readonly base: string
  readonly filter: string
  readonly attributes: readonly string[]
}

/** A value inside a filter (RFC 4515 s.3): its bytes, but for the plain ones, as `\xx`. */
export function filterValue(octets: Octets): string {
  return octets.replace(/[^A-Za-z0-9@._ -]/g, (character) => {
    return `\\${character.charCodeAt(0).toString(16).padStart(2, '0')}`
  })
}
