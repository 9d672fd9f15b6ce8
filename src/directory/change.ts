/** What of the directory side's settings has changed. */
import type { DirectorySettings } from '../messages/directory.ts'

export interface Change {
  /** something that decides what is in the image, or where it lies */
  readonly contents: boolean
  /** for each directory of the new settings the place of the same one in the old, or undefined */
  readonly same: readonly (number | undefined)[]
}

export function changeOf(before: DirectorySettings | undefined, after: DirectorySettings): Change {
  const isAnother = (part: 'state' | 'domain') => before?.[part] !== after[part]
  if (
    before === undefined ||
    isSeveral(before) !== isSeveral(after) ||
    isAnother('state') ||
    isAnother('domain')
  ) {
    return { contents: true, same: after.directories.map(() => undefined) }
  }
  const old = before.directories.map(essence)
  const now = after.directories.map(essence)
  const taken = new Set<number>()
  const same = now.map((one) => {
    const index = old.findIndex((other, at) => other === one && !taken.has(at))
    if (index < 0) return undefined
    taken.add(index)
    return index
  })
  const contents = essence(imageOf(before)) !== essence(imageOf(after)) || old.join('\n') !== now.join('\n')
  return { contents, same }
}

function imageOf(settings: DirectorySettings): unknown {
  const { domain, master, maps, recordLimit, overflow, admission, fingerprint } = settings
  return [domain, master, maps, recordLimit, overflow, admission, fingerprint]
}

/** One that stands alone keeps no rows of its own: the image has them. */
function isSeveral({ directories }: DirectorySettings): boolean {
  return directories.length > 1
}

/** Without where it stands in the file, and whether the others need it. */
function essence(part: unknown): string {
  return JSON.stringify(part, (key, value: unknown) =>
    key === 'at' || key === 'required' ? undefined : value,
  )
}
