/**
 * The rows of several directories as one: each row is admitted or left out alone; of rows with one name the
 * first wins, in the order of the directories.
 */
import { admitGroup, admitUser, type Refusal } from './admit.ts'
import { ascending } from './order.ts'
import type { Group, Octets, Rejection, Rows, User } from './rows.ts'

/** Rows in ascending order of their names' bytes. */
export interface Admitted<Row> {
  readonly rows: readonly Row[]
  /** the label of the directory that each of them is from */
  readonly directories: readonly string[]
  /** the place of a name, or undefined */
  readonly find: (name: Octets) => number | undefined
}

export interface Merged {
  readonly users: Admitted<User>
  readonly groups: Admitted<Group>
  readonly rejected: readonly Rejected[]
}

export interface Rejected extends Rejection {
  readonly directory: string
}

export function mergeRows(directories: readonly Rows[], recordLimit: number): Merged {
  const rejected: Rejected[] = []
  const users = new Merger<User>('user')
  const groups = new Merger<Group>('group')
  for (const { directory, ...rows } of directories) {
    const reject = (dn: Octets, reason: string) => void rejected.push({ directory, dn, reason })
    for (const { dn, reason } of rows.rejected) reject(dn, reason)
    users.add(directory, rows.users, (user) => admitUser(user, recordLimit), reject)
    const admit = (group: Group) => admitGroup(group, recordLimit, (reason) => reject(group.dn, reason))
    groups.add(directory, rows.groups, admit, reject)
  }
  return { users: users.sorted(), groups: groups.sorted(), rejected }
}

class Merger<Row extends User | Group> {
  readonly #what: string
  readonly #rows: Row[] = []
  readonly #directories: string[] = []
  readonly #numbers = new Map<Octets, number>()
  /** the directory that was the last to give a row of that name, for each row */
  readonly #lastGivers: number[] = []
  #giver = 0

  constructor(what: string) {
    this.#what = what
  }

  /** The rows of the next directory. */
  add(
    directory: string,
    given: readonly Row[],
    admit: (row: Row) => Row | Refusal,
    reject: (dn: Octets, reason: Refusal) => void,
  ): void {
    this.#giver += 1
    for (const one of given) {
      const row = admit(one)
      if (typeof row === 'string') reject(one.dn, row)
      else if (!this.#take(row, directory)) reject(one.dn, `a second ${this.#what} named "${row.name}"`)
    }
  }

  /** False when this directory has given a row of that name before. */
  #take(row: Row, directory: string): boolean {
    const number = this.#numbers.get(row.name)
    if (number !== undefined) {
      if (this.#lastGivers[number] === this.#giver) return false
      this.#lastGivers[number] = this.#giver
      return true
    }
    this.#numbers.set(row.name, this.#rows.length)
    this.#rows.push(row)
    this.#directories.push(directory)
    this.#lastGivers.push(this.#giver)
    return true
  }

  sorted(): Admitted<Row> {
    const order = ascending(this.#rows.map(({ name }) => name))
    const places = new Uint32Array(order.length)
    for (let place = 0; place < order.length; place++) places[order[place]!] = place
    return {
      rows: Array.from(order, (number) => this.#rows[number]!),
      directories: Array.from(order, (number) => this.#directories[number]!),
      find: (name) => places[this.#numbers.get(name) ?? -1],
    }
  }
}
