/** Whose habits a directory has, by what it says of itself and by a few of its entries. */
import type { IdMap, Schema } from '../config/config.ts'
import { type RootDse, someEntries } from '../directory/look.ts'
import type { Session } from '../directory/session.ts'

export interface Habits {
  readonly schema: Schema
  readonly idmap: IdMap
  /** how that is known, for people */
  readonly why: string
}

/** @throws DirectoryError */
export async function detectHabits(session: Session, rootDse: RootDse, base: string): Promise<Habits> {
  const isThere = async (filter: string) =>
    (await someEntries(session, { base, filter, attributes: [] }, 1)).length > 0
  if (rootDse.isActiveDirectory) {
    return (await isThere('(&(objectCategory=person)(objectClass=user)(uidNumber=*))'))
      ? { schema: 'ad', idmap: 'none', why: 'it is Active Directory, and users have a uidNumber' }
      : { schema: 'ad', idmap: 'sid', why: 'it is Active Directory, and no user has a uidNumber' }
  }
  if (rootDse.isIpa) return { schema: 'ipa', idmap: 'none', why: 'it is FreeIPA' }
  if (await isThere('(objectClass=ipaUserGroup)'))
    return { schema: 'ipa', idmap: 'none', why: 'it has groups of FreeIPA' }
  if (await isThere('(&(objectClass=posixGroup)(|(member=*)(uniqueMember=*)))'))
    return { schema: 'rfc2307bis', idmap: 'none', why: 'members of its groups are DNs' }
  if (await isThere('(&(objectClass=posixGroup)(memberUid=*))'))
    return { schema: 'rfc2307', idmap: 'none', why: 'members of its groups are login names' }
  return { schema: 'rfc2307', idmap: 'none', why: 'no group has members, so this is a guess' }
}
