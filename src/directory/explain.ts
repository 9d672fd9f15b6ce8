/** Why a user is in the maps, or is not: the entry as its directory has it now, and what becomes of it. */
import { isUtf8 } from 'node:buffer'
import { setImmediate } from 'node:timers/promises'
import { AndFilter, type Filter } from 'ldapts'
import type { DirectoryConfig } from '../config/config.ts'
import { admitUser } from '../maps/admit.ts'
import { longestOf } from '../maps/build.ts'
import { passwdLine } from '../maps/lines.ts'
import type { Rejected } from '../maps/merge.ts'
import type { Octets } from '../maps/rows.ts'
import type { DirectorySettings } from '../messages/directory.ts'
import { createAccounts } from './accounts.ts'
import { withinBase } from './dn.ts'
import { allValues, type Entry } from './entry.ts'
import { DirectoryError } from './error.ts'
import { sourceAttributes, unique } from './fields.ts'
import { readEntries } from './file.ts'
import { parseFilter } from './filter.ts'
import { type LdapContext, systemLookup, withSession } from './ldap.ts'
import { configured, LIMITS } from './limits.ts'
import { filterValue, someEntries } from './look.ts'
import { createMatcher } from './matcher.ts'
import { readable, utf8Octets } from './octets.ts'
import { admissionOf } from './publisher.ts'
import { findEntry } from './read-entry.ts'
import { groupAttributes, PRIMARY_GROUP, SID, userAttributes } from './rows.ts'
import { readSid, sidText } from './sid.ts'

/** One entry that could be the user's, or why a directory has none. Texts are as people read them. */
export interface Finding {
  /** the label */
  readonly directory: string
  /** '' when there is no entry */
  readonly dn: string
  /** those that rows are made of, without any password */
  readonly attributes: readonly { readonly name: string; readonly values: readonly string[] }[]
  /** what passwd(5) would have; '' when there would be nothing */
  readonly row: string
  /** why it is not in the maps, or not as it is asked for; none when it is there from the next refresh on */
  readonly reasons: readonly string[]
}

export interface ExplainOptions {
  readonly settings: DirectorySettings
  /** by the last refresh */
  readonly rejected: readonly Rejected[]
  readonly signal: AbortSignal
}

/** Entries of one directory that are looked at, should one name have several. */
const MOST_ENTRIES = 4

/** Of each directory, in their order; one that can't be read says so. */
export async function explainUser(name: string, options: ExplainOptions): Promise<readonly Finding[]> {
  const { directories } = options.settings
  const found = await Promise.all(directories.map((config) => ofDirectory(config, name, options)))
  return withWinner(found.flat())
}

/** Of several rows the first counts, and is the only one in the maps. */
function withWinner(findings: readonly Finding[]): readonly Finding[] {
  const winner = findings.find(({ reasons, row }) => row !== '' && reasons.length === 0)
  return findings.map((finding) =>
    winner === undefined || finding === winner || finding.row === '' || finding.reasons.length > 0
      ? finding
      : { ...finding, reasons: [`${winner.dn} of ${winner.directory} comes before it and has this name`] },
  )
}

async function ofDirectory(
  config: DirectoryConfig,
  name: string,
  options: ExplainOptions,
): Promise<readonly Finding[]> {
  try {
    return await inPlace(config, options, async (place) => {
      const entries = await place.search(config.userBase.value, candidates(config, name), wanted(config))
      if (entries.length === 0) return [nobody(config, name)]
      const findings: Finding[] = []
      for (const entry of entries) findings.push(await ofEntry(config, name, entry, place, options))
      return findings
    })
  } catch (error) {
    if (!(error instanceof DirectoryError)) throw error
    return [{ ...nobody(config, name), reasons: [`it can't be asked: ${error.message}`] }]
  }
}

/** By the attributes that the name is made of, and by `uid`, should those be the wrong ones. */
function nameAttributes({ fields }: DirectoryConfig): readonly string[] {
  return unique([...sourceAttributes(fields.name), 'uid'])
}

function candidates(config: DirectoryConfig, name: string): string {
  const value = filterValue(utf8Octets(name))
  return `(|${nameAttributes(config)
    .map((attribute) => `(${attribute}=${value})`)
    .join('')})`
}

function wanted(config: DirectoryConfig): readonly string[] {
  return unique([...userAttributes(config), 'objectClass'])
}

function nobody(config: DirectoryConfig, name: string): Finding {
  const { label, userBase } = config
  const attributes = nameAttributes(config).join(' or ')
  const reason = `no entry below ${userBase.value} that ypldap may see has the ${attributes} "${name}"`
  return { directory: label, dn: '', attributes: [], row: '', reasons: [reason] }
}

async function ofEntry(
  config: DirectoryConfig,
  name: string,
  entry: Entry,
  place: Place,
  { settings, rejected }: ExplainOptions,
): Promise<Finding> {
  const reasons: string[] = []
  let row = ''
  const accounts = createAccounts(config, settings.domain)
  const unmatched = await unmatchedPart(config.userFilter.value, entry, place)
  if (unmatched !== undefined)
    reasons.push(`the filter of users leaves it out: ${unmatched} is not true of it`)
  if (entry.tooMany) reasons.push('it has more values than "limit ldap values" lets through')
  accounts.addUser(entry)
  const group = await primaryGroup(config, entry, place)
  if (group !== undefined) accounts.addGroup(group)
  const made = accounts.gathered()
  for (const { dn, reason } of made.rejected) if (dn === entry.dn) reasons.push(readable(reason))
  const [user] = made.users
  if (user !== undefined) {
    const verdict = admitUser(user, admissionOf(settings), longestOf(settings.maps))
    if (typeof verdict === 'string') reasons.push(readable(verdict))
    else {
      row = readable(passwdLine(verdict))
      if (verdict.name !== utf8Octets(name))
        reasons.push(`in the maps its name is "${readable(verdict.name)}"`)
    }
  }
  for (const { directory, dn, reason } of rejected) {
    const said = readable(reason)
    const isOurs = directory === config.label && dn === entry.dn
    if (isOurs && !reasons.includes(said)) reasons.push(`at the last refresh: ${said}`)
  }
  return {
    directory: config.label,
    dn: readable(entry.dn),
    attributes: shownAttributes(config, entry),
    row: unmatched === undefined ? row : '',
    reasons,
  }
}

/** The filter, or of one that wants several things those that are missing; undefined when it is true of the entry. */
async function unmatchedPart(text: string, entry: Entry, place: Place): Promise<string | undefined> {
  const filter = parseFilter(text)
  if (await place.isTrue(filter, entry)) return undefined
  const missing: string[] = []
  for (const part of filter instanceof AndFilter ? filter.filters : []) {
    if (!(await place.isTrue(part, entry))) missing.push(part.toString())
  }
  return missing.length > 0 ? missing.join(' and ') : text
}

/** Active Directory's users have the gid of another entry. */
async function primaryGroup(config: DirectoryConfig, entry: Entry, place: Place): Promise<Entry | undefined> {
  const [sid = ''] = allValues(entry, SID)
  const [rid = ''] = allValues(entry, PRIMARY_GROUP)
  if (config.schema !== 'ad' || !isSid(sid) || !/^[0-9]{1,9}$/.test(rid)) return undefined
  const last = Buffer.alloc(4)
  last.writeUInt32LE(Number(rid))
  const octets = sid.slice(0, -4) + last.toString('latin1')
  const { groupBase, groupFilter } = config
  return place.withSid(groupBase.value, groupFilter.value, octets, groupAttributes(config))
}

/** What is none is told of with the row. */
function isSid(octets: Octets): boolean {
  try {
    readSid(octets)
    return true
  } catch {
    return false
  }
}

/** So that a finding, six bytes a character, is a small part of a message. */
const MOST_ATTRIBUTES = 32
const MOST_VALUES = 4
const LONGEST_VALUE = 256

/** A file gives all that it has. */
function shownAttributes(config: DirectoryConfig, { attributes }: Entry): Finding['attributes'] {
  const { fields } = config
  const ours = new Set(wanted(config).map((name) => name.toLowerCase()))
  const secret = new Set(
    [...sourceAttributes(fields.passwd), 'userPassword'].map((name) => name.toLowerCase()),
  )
  const shown = [...attributes].filter(([name]) => ours.has(plainName(name)))
  return shown.slice(0, MOST_ATTRIBUTES).map(([name, values]) => ({
    name: name.slice(0, LONGEST_VALUE),
    values: secret.has(plainName(name)) ? ['(not shown)'] : shownValues(name, values),
  }))
}

/** Without its options, such as a language. */
function plainName(name: string): string {
  return name.split(';', 1)[0]!
}

function shownValues(name: string, values: readonly Octets[]): readonly string[] {
  const shown = values.slice(0, MOST_VALUES).map((value) => shownValue(name, value))
  return values.length > MOST_VALUES ? [...shown, `(${values.length - MOST_VALUES} more)`] : shown
}

function shownValue(name: string, value: Octets): string {
  if (name === SID.toLowerCase() && isSid(value)) return sidText(readSid(value))
  if (!isUtf8(Buffer.from(value, 'latin1'))) return `(${value.length} bytes)`
  const text = readable(value)
  return text.length > LONGEST_VALUE ? `${text.slice(0, LONGEST_VALUE - 1)}…` : text
}

/** Where a directory's entries are. */
interface Place {
  /** a few of those that match */
  readonly search: (base: string, filter: string, attributes: readonly string[]) => Promise<readonly Entry[]>
  /** of those that match, the one of this objectSid */
  readonly withSid: (
    base: string,
    filter: string,
    sid: Octets,
    attributes: readonly string[],
  ) => Promise<Entry | undefined>
  readonly isTrue: (filter: Filter, entry: Entry) => Promise<boolean>
}

/** @throws DirectoryError */
async function inPlace<T>(
  config: DirectoryConfig,
  { settings, signal }: ExplainOptions,
  work: (place: Place) => Promise<T>,
): Promise<T> {
  const { location } = config
  const context: LdapContext = {
    limits: { ...LIMITS, ...configured(settings.limits) },
    lookup: systemLookup,
    signal,
  }
  if (location.kind === 'file') return work(filePlace(location.path, context))
  const { value } = await withSession(config, location, context, ({ session }) => {
    const search: Place['search'] = (base, filter, attributes) =>
      someEntries(session, { base, filter, attributes }, MOST_ENTRIES)
    return work({
      search,
      // In text, as Active Directory takes it too: a filter's text holds no bytes that are not UTF-8.
      async withSid(base, filter, sid, attributes) {
        const [found] = await search(base, `(&${filter}(${SID}=${sidText(readSid(sid))}))`, attributes)
        return found
      },
      isTrue: async (filter, { dn }) => (await findEntry(session, dn, filter, [])) !== undefined,
    })
  })
  return value
}

/** A few milliseconds of work. */
const ENTRIES_AT_A_TIME = 1000

function filePlace(path: string, { limits, signal }: LdapContext): Place {
  const find = async (base: string, isWanted: (entry: Entry) => boolean, most: number) => {
    const isBelow = withinBase(utf8Octets(base))
    const found: Entry[] = []
    let read = 0
    for (const entry of readEntries(path, limits)) {
      if (isBelow(entry.rdns) && isWanted(entry)) found.push(entry)
      if (found.length === most) break
      if (++read % ENTRIES_AT_A_TIME === 0) {
        await setImmediate()
        signal.throwIfAborted()
      }
    }
    return found
  }
  return {
    search: (base, filter) => find(base, createMatcher(parseFilter(filter)), MOST_ENTRIES),
    async withSid(base, filter, sid) {
      const isGroup = createMatcher(parseFilter(filter))
      const [found] = await find(base, (entry) => allValues(entry, SID).includes(sid) && isGroup(entry), 1)
      return found
    },
    isTrue: async (filter, entry) => createMatcher(filter)(entry),
  }
}
