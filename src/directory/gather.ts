/** What the entries of one directory give: users, groups and tables; and which entries that takes. */
import type { DirectoryConfig } from '../config/config.ts'
import type { Rejection, Rows } from '../maps/rows.ts'
import { createAccounts } from './accounts.ts'
import type { Entry } from './entry.ts'
import { unique } from './fields.ts'
import { isPartial } from './ranges.ts'
import { groupAttributes, memberDnAttributes, nestedFilter, userAttributes } from './rows.ts'
import { createTables } from './tables.ts'
import type { Named, Wanted } from './wanted.ts'

/** An entry with lists that the server cut; it is added when they are whole. */
export interface Partial {
  readonly entry: Entry
  readonly add: (entry: Entry) => void
}

export interface Gatherer {
  readonly users: Wanted
  readonly groups: Wanted
  /** those whose base need not be there */
  readonly others: readonly Wanted[]
  readonly named: readonly Named[]
  /** Those so far; what is still cut in the end is left out. */
  readonly takePartial: () => readonly Partial[]
  readonly gathered: () => Pick<Rows, 'users' | 'groups' | 'tables' | 'rejected'>
  readonly clear: () => void
}

/** Throws DirectoryError (configuration) for a template that is none. */
export function createGatherer(config: DirectoryConfig, domain: string): Gatherer {
  const accounts = createAccounts(config, domain)
  const tables = createTables(config.tables, domain)
  const { needs } = tables
  const partial: Partial[] = []
  const oversize: Rejection[][] = []
  /** Templates may look at any entry: they read it as they need it, and it is kept for them. */
  const shown = (search: Wanted): Wanted => {
    if (needs.of !== 'all') return search
    const tell = tables.teller()
    return {
      ...search,
      attributes: unique([...search.attributes, ...needs.attributes]),
      add(entry) {
        search.add(entry)
        tell(entry)
      },
    }
  }
  /** Of an entry with too many values nothing is made: who may write one must not stop the refreshes of all others. */
  const bounded = <W extends Pick<Wanted, 'add'>>(search: W): W => {
    // A list of each search, as two come side by side and are to be in the same order each time.
    const rejected: Rejection[] = []
    oversize.push(rejected)
    return {
      ...search,
      add(entry) {
        if (entry.tooMany) rejected.push({ dn: entry.dn, reason: TOO_MANY })
        else search.add(entry)
      },
    }
  }
  /** Only when its lists are whole something is made of an entry. */
  const whole = (search: Wanted): Wanted => {
    const { add } = bounded(search)
    return {
      ...search,
      add(entry) {
        if (isPartial(entry)) partial.push({ entry, add })
        else add(entry)
      },
    }
  }
  const dns = memberDnAttributes(config)
  const groups = nestedFilter(config)
  const [userBase, groupBase] = [config.userBase.value, config.groupBase.value]
  const [userFilter, groupFilter] = [config.userFilter.value, config.groupFilter.value]
  const [ofUsers, ofGroups] = [userAttributes(config), groupAttributes(config)]
  // Groups that no map shows, in which members of those that one does may be.
  const nested = { base: groupBase, filter: `(&${groups}(!${groupFilter}))`, attributes: ofGroups }
  return {
    users: whole(shown({ base: userBase, filter: userFilter, attributes: ofUsers, add: accounts.addUser })),
    groups: whole(
      shown({ base: groupBase, filter: groupFilter, attributes: ofGroups, add: accounts.addGroup }),
    ),
    others: [
      ...(dns.length > 0 ? [shown({ ...nested, add: accounts.addNested })] : []),
      ...tables.searches,
    ].map(whole),
    named: [
      ...(dns.length > 0
        ? [
            {
              missing: accounts.strangers,
              filter: `(|${userFilter}${groups})`,
              attributes: unique([...ofUsers, ...ofGroups]),
              add: accounts.addStranger,
            },
          ]
        : []),
      ...(needs.of === 'all'
        ? [{ missing: tables.missing, filter: EVERY, attributes: needs.attributes, add: tables.teller() }]
        : []),
    ].map(bounded),
    takePartial: () => partial.splice(0),
    gathered() {
      const { users, groups, rejected } = accounts.gathered()
      const { tables: made, rejected: bad } = tables.made()
      return {
        users,
        groups,
        tables: made,
        rejected: [...oversize.flat(), ...rejected, ...partial.map(cut), ...bad],
      }
    },
    clear() {
      accounts.clear()
      tables.clear()
      partial.length = 0
      for (const rejected of oversize) rejected.length = 0
    },
  }
}

/** A group of so many members is nobody's. */
const TOO_MANY = 'it has more values than "limit ldap values" lets through'

const EVERY = '(objectClass=*)'

function cut({ entry: { dn, attributes } }: Partial): Rows['rejected'][number] {
  const part = [...attributes.keys()].find((name) => name.includes(';range='))
  return { dn, reason: `only a part of a list is there (${part})` }
}
