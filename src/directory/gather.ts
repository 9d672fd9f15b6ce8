/** What the entries of one directory give: users, groups and tables; and which entries that takes. */
import type { DirectoryConfig } from '../config/config.ts'
import type { Rows } from '../maps/rows.ts'
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
  /** Only when its lists are whole something is made of an entry. */
  const whole = (search: Wanted): Wanted => ({
    ...search,
    add(entry) {
      if (isPartial(entry)) partial.push({ entry, add: search.add })
      else search.add(entry)
    },
  })
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
    ],
    takePartial: () => partial.splice(0),
    gathered() {
      const { users, groups, rejected } = accounts.gathered()
      const { tables: made, rejected: bad } = tables.made()
      return { users, groups, tables: made, rejected: [...rejected, ...partial.map(cut), ...bad] }
    },
    clear() {
      accounts.clear()
      tables.clear()
      partial.length = 0
    },
  }
}

const EVERY = '(objectClass=*)'

function cut({ entry: { dn, attributes } }: Partial): Rows['rejected'][number] {
  const part = [...attributes.keys()].find((name) => name.includes(';range='))
  return { dn, reason: `only a part of a list is there (${part})` }
}
