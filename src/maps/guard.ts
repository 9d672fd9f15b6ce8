/**
 * The judge of new rows and of the image made from them. A directory that answers "success" can still be empty
 * or half there: a wrong base, a lost permission, a replica that is being filled. Better old answers than none.
 */

export interface Counts {
  readonly users: number
  readonly groups: number
  /** records of each map; none for rows that no map was made of */
  readonly maps: readonly {
    readonly name: string
    readonly records: number
    /** the directory names it */
    readonly found?: boolean
  }[]
}

/**
 * The reason why what was counted must not be published, or undefined. Of the users and of the groups before,
 * `shrinkPercent` percent must still be there; 0 lets any number go.
 */
export function judge(before: Counts | undefined, after: Counts, shrinkPercent: number): string | undefined {
  const reason =
    nothing(after) ??
    (before &&
      (shrunk('users', before.users, after.users, shrinkPercent) ??
        shrunk('groups', before.groups, after.groups, shrinkPercent) ??
        mapGone(before, after) ??
        foundGone(before, after) ??
        mapShrunk(before, after, shrinkPercent)))
  return reason && `${reason}; if this is right, "ypldapctl refresh --force" publishes it all the same`
}

function nothing({ users, groups, maps }: Counts): string | undefined {
  if (users + groups > 0 || maps.some(isOfTheirs)) return undefined
  return 'no users and no groups: check base, filters and what the bind may read'
}

function shrunk(what: string, before: number, after: number, percent: number): string | undefined {
  if (after * 100 >= before * percent) return undefined
  return `${after} ${what} where ${before} were before, under ${percent} %`
}

/** A map that is no longer provided has not gone: whoever reads the maps was told by the configuration. */
function mapGone(before: Counts, after: Counts): string | undefined {
  for (const { name, records } of before.maps) {
    const now = after.maps.find((map) => map.name === name)
    if (records > 0 && now?.records === 0) return `no records in ${name} where ${records} were before`
  }
  return undefined
}

/** A map of fewer records may lose any: one host less among three says nothing. */
const FEW = 20

/** A map that the directory named, and names no more, has none left. */
function mapShrunk(before: Counts, after: Counts, percent: number): string | undefined {
  for (const { name, records, found } of before.maps) {
    if (records < FEW) continue
    const now = after.maps.find((map) => map.name === name)?.records ?? (found === true ? 0 : records)
    const reason = shrunk(`records in ${name}`, records, now, percent)
    if (reason !== undefined) return reason
  }
  return undefined
}

/** What another configuration is measured by: whether maps are still to be found is for it to say. */
export function withoutFound(counts: Counts): Counts {
  return { ...counts, maps: counts.maps.filter(({ found }) => found !== true) }
}

/** Something that a directory gave: our own name among the servers is no such thing. */
function isOfTheirs({ name, records }: Counts['maps'][number]): boolean {
  return records > 0 && name !== 'ypservers'
}

/** One automount map less is somebody's wish; all of them gone is a lost permission or a wrong base. */
function foundGone(before: Counts, after: Counts): string | undefined {
  const records = (counts: Counts) =>
    counts.maps.reduce((sum, map) => sum + (map.found === true ? map.records : 0), 0)
  const [then, now] = [records(before), records(after)]
  if (then === 0 || now > 0) return undefined
  return `no records in maps found in the directory where ${then} were before`
}
