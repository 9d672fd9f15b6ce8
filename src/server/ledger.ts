/** What the server process was asked, and by whom: by this thread, by the others, and before it was started. */
import { formatAddress, unmapped } from '../address.ts'
import {
  CLIENT_MAPS,
  type Client,
  type ClientsState,
  type NamedMap,
  type RequestCount,
} from '../messages/usage.ts'
import { ClientWord } from './clients.ts'
import { REMEMBERED_CLIENTS } from './limits.ts'
import { procedureAt, sumOfRows } from './tally.ts'
import { NOTHING_TOLD, type Told, type Usage } from './usage.ts'

export interface Ledger {
  /** since it was started */
  readonly usage: () => Promise<readonly RequestCount[]>
  /** The one last seen first. */
  readonly clients: () => Promise<readonly Client[]>
  /** of the clients, as threads told it last */
  readonly state: () => ClientsState
  /** Goes on from what was known before it was started. */
  readonly remember: (clients: readonly Client[], state: ClientsState) => void
}

/** A thread that counts on its own. */
export interface Telling {
  readonly told: () => Promise<Told>
}

export function createLedger(own: Usage, threads: readonly Telling[]): Ledger {
  const remembered: Client[] = []
  const sameMap = createNames()
  let before: ClientsState = { since: Math.floor(Date.now() / 1000), forgotten: 0 }
  /** clients that one thread alone has room for, and all together have not */
  let beyond = 0
  let latest: readonly Told[] = threads.map(() => NOTHING_TOLD)

  const gather = async (): Promise<readonly Told[]> => {
    latest = await Promise.all(threads.map((thread) => thread.told()))
    return [own.tell(), ...latest]
  }

  return {
    usage: async () => sumOfRows((await gather()).flatMap(({ rows }) => rows)),
    async clients() {
      const told = await gather()
      const all = mergeClients([...remembered, ...told.flatMap((one) => clientsOf(one, sameMap))])
      beyond = Math.max(beyond, all.length - REMEMBERED_CLIENTS)
      return all.slice(0, REMEMBERED_CLIENTS)
    },
    state() {
      const here = own.forgotten + latest.reduce((sum, { forgotten }) => sum + forgotten, 0)
      return { since: before.since, forgotten: before.forgotten + here + beyond }
    },
    remember(clients, state) {
      before = state
      for (const client of clients.slice(0, REMEMBERED_CLIENTS - remembered.length))
        remembered.push({ ...client, maps: client.maps.map(sameMap) })
    },
  }
}

type SameMap = (map: NamedMap) => NamedMap

/** One object for each map, however often it is named. */
function createNames(): SameMap {
  const known = new Map<string, NamedMap>()
  return ({ domain, map }) => {
    const key = `${domain}\0${map}`
    const one = known.get(key) ?? { domain, map }
    known.set(key, one)
    return one
  }
}

/** Each address once, with all that is known of it, the one last seen first. Maps are one where they are one object. */
export function mergeClients(clients: Iterable<Client>): readonly Client[] {
  const known = new Map<string, Client>()
  for (const client of clients) {
    const other = known.get(client.address)
    known.set(client.address, other === undefined ? client : both(other, client))
  }
  return [...known.values()].sort((a, b) => b.last - a.last)
}

function both(one: Client, other: Client): Client {
  const maps = new Set([...one.maps, ...other.maps])
  return {
    address: one.address,
    first: Math.min(one.first, other.first),
    last: Math.max(one.last, other.last),
    calls: one.calls + other.calls,
    procedures: [...new Set([...one.procedures, ...other.procedures])],
    maps: [...maps].slice(0, CLIENT_MAPS),
  }
}

/** Out of their words. */
function clientsOf({ rows, clients: { size, words, stride } }: Told, sameMap: SameMap): readonly Client[] {
  const maps = rows.map(sameMap)
  return Array.from({ length: size }, (_, place) => {
    const own = words.subarray(place * stride, (place + 1) * stride)
    return {
      address: addressOf(own),
      first: own[ClientWord.first]!,
      last: own[ClientWord.last]!,
      calls: own[ClientWord.callsBeyond]! * 2 ** 32 + own[ClientWord.calls]!,
      procedures: numbersOf(own.subarray(ClientWord.procedures, ClientWord.maps)).map(procedureAt),
      maps: numbersOf(own.subarray(ClientWord.maps))
        .map((number) => maps[number]!)
        .filter(({ map }) => map !== '')
        .slice(0, CLIENT_MAPS),
    }
  })
}

function addressOf(client: Uint32Array): string {
  const bytes = Buffer.alloc(16)
  for (let i = 0; i < 4; i++) bytes.writeUInt32BE(client[ClientWord.address + i]!, 4 * i)
  return formatAddress(unmapped(bytes))
}

/** The numbers of the bits that are set. */
function numbersOf(words: Uint32Array): readonly number[] {
  const numbers: number[] = []
  for (const [index, word] of words.entries()) {
    // The lowest bit goes with each step.
    for (let left = word; left !== 0; left &= left - 1)
      numbers.push(32 * index + 31 - Math.clz32(left & -left))
  }
  return numbers
}
