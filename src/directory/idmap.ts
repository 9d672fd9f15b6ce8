/**
 * The ids that SSSD gives to the users and groups of an Active Directory which has none of its own (`ldap_id_mapping`
 * with its default settings), so that clients of YP and of SSSD agree.
 *
 * The ids from 200,000 to 2,000,199,999 are 10,000 slices. A domain has the slice that a hash of its SID names, and
 * for each further 200,000 RIDs one that a hash of the SID and the first of these RIDs names.
 */
import { murmurhash3 } from './murmurhash.ts'
import type { Sid } from './sid.ts'

export interface IdMap {
  /**
   * The uid or gid of a SID; a primary group's is that of the domain's SID and primaryGroupID. Undefined for a SID
   * of no domain (S-1-5-32-544, one of those that every domain has), and when no slice is left or another has taken
   * the one that was planned.
   *
   * Slices that collide go to who asks first, as they do in SSSD, which remembers them: ask for the domain that
   * the clients are in first, and always in the same order.
   */
  readonly id: (sid: Sid) => number | undefined
}

/** Numbers in a slice, of ids and of RIDs. */
const SLICE = 200_000
const LOWEST_ID = 200_000
const SLICES = 10_000
const SEED = 0xdeadbeef
/** `ldap_idmap_helper_table_size`: further slices that are planned when a domain is first seen */
const PLANNED = 10

/** The SID of a domain that hands out RIDs. */
const DOMAIN = /^S-1-5-21-\d+-\d+-\d+$/

interface Domain {
  /** by RID divided by SLICE: slices that are taken */
  readonly taken: Map<number, number>
  /** the same for slices that are only planned; undefined when there were not enough, then there will be none */
  readonly planned: ReadonlyMap<number, number> | undefined
}

export function createIdMap(): IdMap {
  const domains = new Map<string, Domain>()
  const used = new Set<number>()

  /** The slice that the hash of a name says, or the next one that nobody uses. */
  const findSlice = (name: string): number | undefined => {
    if (used.size === SLICES) return undefined
    let slice = murmurhash3(name, SEED) % SLICES
    while (used.has(slice)) slice = (slice + 1) % SLICES
    return slice
  }

  const addDomain = (sid: string): Domain | undefined => {
    const first = DOMAIN.test(sid) ? findSlice(sid) : undefined
    if (first === undefined) return undefined
    used.add(first)
    const domain = { taken: new Map([[0, first]]), planned: plan(sid, findSlice) }
    domains.set(sid, domain)
    return domain
  }

  /** What was planned is not kept free: it may be gone, and then these RIDs have no ids. */
  const addSlice = (sid: string, { taken, planned }: Domain, part: number): number | undefined => {
    if (planned === undefined) return undefined
    const slice = planned.get(part) ?? findSlice(nameOf(sid, part))
    if (slice === undefined || used.has(slice)) return undefined
    used.add(slice)
    taken.set(part, slice)
    return slice
  }

  return {
    id({ domain: sid, rid }) {
      const domain = domains.get(sid) ?? addDomain(sid)
      if (domain === undefined) return undefined
      const part = Math.floor(rid / SLICE)
      const slice = domain.taken.get(part) ?? addSlice(sid, domain, part)
      return slice === undefined ? undefined : LOWEST_ID + slice * SLICE + (rid % SLICE)
    },
  }
}

function plan(
  sid: string,
  findSlice: (name: string) => number | undefined,
): ReadonlyMap<number, number> | undefined {
  const planned = new Map<number, number>()
  for (let part = 1; part <= PLANNED; part++) {
    const slice = findSlice(nameOf(sid, part))
    if (slice === undefined) return undefined
    planned.set(part, slice)
  }
  return planned
}

function nameOf(sid: string, part: number): string {
  return `${sid}-${part * SLICE}`
}
