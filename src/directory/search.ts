import { type Filter, PagedResultsControl, SearchRequest, SearchResponse } from 'ldapts'

import type { Entry } from './entry.ts'
import { EntryMessage } from './entry-message.ts'
import { DirectoryError, type DirectoryErrorCode } from './error.ts'
import type { Limits } from './limits.ts'
import type { Session } from './session.ts'
import { describeResult, NO_SUCH_OBJECT, REFERRAL, SUCCESS } from './status.ts'

export interface Query {
  readonly base: string
  readonly filter: Filter
  readonly attributes: readonly string[]
  /** entries asked for at a time */
  readonly pageSize: number
}

/** What came beside the entries. */
export interface SearchSummary {
  readonly entries: number
  /** references to other servers, which are not followed */
  readonly references: number
}

/** RFC 4511 s.4.5.1.8: an empty list would ask for all of them, 1.1 for none. */
export function askedFor(attributes: readonly string[]): string[] {
  return attributes.length === 0 ? ['1.1'] : [...attributes]
}

/**
 * All entries below a base that match, page by page (RFC 2696); each is handed over as it comes and not kept.
 * No size or time limit is asked for, and any end but success is an error: a part of a directory is of no use.
 * @throws DirectoryError
 */
export async function search(
  session: Session,
  query: Query,
  limits: Limits,
  onEntry: (entry: Entry) => void,
): Promise<SearchSummary> {
  let entries = 0
  let references = 0
  let emptyPages = 0
  let cookie: Buffer | undefined
  do {
    const before = entries
    const control = new PagedResultsControl({
      value: { size: query.pageSize, ...(cookie === undefined ? {} : { cookie }) },
    })
    const done = await session.request(
      SearchResponse,
      (messageId) =>
        new SearchRequest({
          messageId,
          baseDN: query.base,
          scope: 'sub',
          derefAliases: 'never',
          timeLimit: 0,
          filter: query.filter,
          attributes: askedFor(query.attributes),
          controls: [control],
        }),
      (part) => {
        if (!(part instanceof EntryMessage)) {
          references += 1
        } else {
          entries += 1
          if (entries <= limits.entries) onEntry(part.entry)
        }
        if (Math.max(entries, references) > limits.entries) throw tooMany(query.base, limits.entries)
      },
    )
    if (done.status !== SUCCESS) throw refusal(done, query.base, entries)
    cookie = cookieOf(done)
    emptyPages = entries > before ? 0 : emptyPages + 1
    if (cookie !== undefined && emptyPages >= limits.emptyPages) {
      throw new DirectoryError(
        'protocol',
        `the server sent ${emptyPages} empty pages in a row below "${query.base}" and promises more`,
      )
    }
  } while (cookie !== undefined)
  return { entries, references }
}

/**
 * Whose entries are all on other servers, that one is not the server to ask.
 * @throws DirectoryError
 */
export function refuseOnlyReferences({ base }: Query, { entries, references }: SearchSummary): void {
  if (entries > 0 || references === 0) return
  throw new DirectoryError(
    'referral-only',
    `referral only: the server holds no entry below "${base}" and refers to others; name the server that does`,
  )
}

function tooMany(base: string, most: number): DirectoryError {
  const text = `more than ${most} entries or references below "${base}" (limit ldap entries); narrow the filter`
  return new DirectoryError('too-much', text)
}

const CODES: Readonly<Record<number, DirectoryErrorCode>> = {
  [REFERRAL]: 'referral-only',
  [NO_SUCH_OBJECT]: 'no-base',
}

function refusal(done: SearchResponse, base: string, entries: number): DirectoryError {
  // What ends in the midst of a search is no missing base.
  const code = (entries === 0 && CODES[done.status]) || 'search-failed'
  const word = done.status === REFERRAL ? 'referral only: the' : 'the'
  const after = entries === 0 ? '' : ` after ${entries} entries`
  return new DirectoryError(code, `${word} search below "${base}" ended${after} in ${describeResult(done)}`)
}

/** No control, or an empty cookie, says that nothing is left; a server that can't page sends none. */
function cookieOf(done: SearchResponse): Buffer | undefined {
  for (const control of done.controls ?? []) {
    const cookie = control instanceof PagedResultsControl ? control.value?.cookie : undefined
    // A copy: what the library gives is a view of all that came with it.
    if (cookie !== undefined && cookie.length > 0) return Buffer.from(cookie)
  }
  return undefined
}
