/**
 * The rows of several directories as one: each row is admitted or left out alone; of rows with one name the
 * first wins, in the order of the directories.
 */
import { type Admission, admitGroup, admitUser, type Refusal } from './admit.ts'
import { ascending, inOrder } from './order.ts'
import type { Group, Octets, Rejection, Rows, User } from './rows.ts'
import { type MergedTable, mergeTables } from './tables.ts'

/** Rows in ascending order of their names' bytes, each name once. */
export interface Admitted<Row> {
  readonly rows: readonly Row[]
  readonly names: readonly Octets[]
  /** the label of the directory that each row is from */
  readonly directories: readonly string[]
}

export interface Merged {
  readonly users: Admitted<User>
  readonly groups: Admitted<Group>
  /** each by its name */
  readonly tables: ReadonlyMap<string, MergedTable>
  readonly rejected: readonly Rejected[]
}

export interface Rejected extends Rejection {
  readonly directory: string
}

/** A row of users or groups that none of their maps could show, as its line has more than `longest` bytes, is left out. */
export function mergeRows(directories: readonly Rows[], admission: Admission, longest: number): Merged {
  const rejected: Rejected[] = []
  const reject = (directory: string, dn: Octets, reason: string) =>
    void rejected.push({ directory, dn, reason })
  const users: Given<User>[] = []
  const groups: Given<Group>[] = []
  for (const { directory, ...rows } of directories) {
    const left = (dn: Octets, reason: string) => reject(directory, dn, reason)
    for (const { dn, reason } of rows.rejected) left(dn, reason)
    const admitOne = (user: User) => admitUser(user, admission, longest)
    users.push({ directory, rows: admitted(rows.users, admitOne, left) })
    const admit = (group: Group) => admitGroup(group, admission, longest, (reason) => left(group.dn, reason))
    groups.push({ directory, rows: admitted(rows.groups, admit, left) })
  }
  const tables = mergeTables(directories, (one) => void rejected.push(one))
  return { users: merge('user', users, reject), groups: merge('group', groups, reject), tables, rejected }
}

interface Given<Row> {
  readonly directory: string
  readonly rows: readonly Row[]
}

function admitted<Row extends User | Group>(
  rows: readonly Row[],
  admit: (row: Row) => Row | Refusal,
  reject: (dn: Octets, reason: Refusal) => void,
): readonly Row[] {
  const good: Row[] = []
  for (const row of rows) {
    const verdict = admit(row)
    if (typeof verdict === 'string') reject(row.dn, verdict)
    else good.push(verdict)
  }
  return good
}

/** Rows of one name stand together when they are sorted, in the order in which they were given. */
function merge<Row extends User | Group>(
  what: string,
  given: readonly Given<Row>[],
  reject: (directory: string, dn: Octets, reason: string) => void,
): Admitted<Row> {
  const rows = given.flatMap((one) => one.rows)
  const directories = given.flatMap(({ directory, rows }) => rows.map(() => directory))
  const names = rows.map(({ name }) => name)
  const order = ascending(names)
  const winners = order.filter((number, place) => {
    const before = order[place - 1]
    if (before === undefined || names[before] !== names[number]) return true
    const directory = directories[number]!
    if (directories[before] === directory) {
      reject(directory, rows[number]!.dn, `a second ${what} named "${names[number]!}"`)
    }
    return false
  })
  return {
    rows: inOrder(rows, winners),
    names: inOrder(names, winners),
    directories: inOrder(directories, winners),
  }
}
