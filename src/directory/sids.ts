/** The ids of Active Directory: those of RFC 2307 where there are some, else those that come of SIDs. */
import type { IdMap as Source } from '../config/config.ts'
import type { Octets, User } from '../maps/rows.ts'
import { allValues, type Entry } from './entry.ts'
import { createIdMap } from './idmap.ts'
import { type GroupDraft, PRIMARY_GROUP, SID } from './rows.ts'
import { readSid, type Sid, sidText } from './sid.ts'

/** An account, and who the directory says it is; undefined where it does not say. */
export interface Known<Row> {
  readonly row: Row
  readonly sid: Sid | undefined
  /** of its primary group */
  readonly primary: Sid | undefined
}

/** Throws SidError. */
export function identified<Row>(row: Row, entry: Entry): Known<Row> {
  const [octets] = allValues(entry, SID)
  const sid = octets === undefined ? undefined : readSid(octets)
  const [rid = ''] = allValues(entry, PRIMARY_GROUP)
  const primary = sid !== undefined && /^[0-9]{1,10}$/.test(rid) ? { ...sid, rid: Number(rid) } : undefined
  return { row, sid, primary }
}

export interface Identified<Draft> {
  readonly users: readonly User[]
  readonly groups: readonly Draft[]
}

/**
 * Fills in ids that are missing; those that can't be known stay ''. A user whose entry names no gid has that of
 * the primary group. Ids of SIDs are given in the order of groups and users, which is the directory's.
 */
export function withIds<Draft extends Pick<GroupDraft, 'row'>>(
  users: readonly Known<User>[],
  groups: readonly Known<Draft>[],
  idmap: Source,
): Identified<Draft> {
  const { id } = createIdMap()
  const gids = new Map<string, Octets>()
  const mapped = (sid: Sid | undefined): Octets =>
    idmap === 'none' || sid === undefined ? '' : String(id(sid) ?? '')
  const withGids = groups.map(({ row: draft, sid }) => {
    const gid = draft.row.gid || mapped(sid)
    if (sid !== undefined && gid !== '') gids.set(sidText(sid), gid)
    return { ...draft, row: { ...draft.row, gid } }
  })
  const gidOf = (primary: Sid | undefined): Octets =>
    primary === undefined ? '' : (gids.get(sidText(primary)) ?? mapped(primary))
  return {
    groups: withGids,
    users: users.map(({ row, sid, primary }) => {
      const uid = row.uid || mapped(sid)
      const gid = row.gid || gidOf(primary)
      return uid === row.uid && gid === row.gid ? row : { ...row, uid, gid }
    }),
  }
}
