/**
 * The judge of a new image. A directory that answers "success" can still be empty or half there: a wrong base,
 * a lost permission, a replica that is being filled. Better old answers than none.
 */

export interface Counts {
  readonly users: number
  readonly groups: number
}

/** Of what was there before, so many percent must still be there. */
export const GUARD_SHRINK_PERCENT = 50

/** The reason why these rows must not be published, or undefined. */
export function judge(before: Counts | undefined, after: Counts): string | undefined {
  if (after.users + after.groups === 0) {
    return 'the directories gave no users and no groups: check base, filters and what the bind may read'
  }
  if (before === undefined) return undefined
  return shrunk('users', before.users, after.users) ?? shrunk('groups', before.groups, after.groups)
}

function shrunk(what: string, before: number, after: number): string | undefined {
  if (after * 100 >= before * GUARD_SHRINK_PERCENT) return undefined
  return `${after} ${what} where ${before} were before, under ${GUARD_SHRINK_PERCENT} %: restart ypldap if this is right`
}
