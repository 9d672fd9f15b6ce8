/** What of several things has changed from one plan to the next. Plans are plain data, made in one and the same way. */

export function differ(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) !== JSON.stringify(b)
}

export interface Changes<T> {
  /** new ones, and those that are not as they were */
  readonly changed: readonly T[]
  /** names of those that are there no more */
  readonly removed: readonly string[]
}

export function changesOf<T extends { readonly domain: string }>(
  before: readonly T[],
  after: readonly T[],
): Changes<T> {
  const old = new Map(before.map((one) => [one.domain, one]))
  const names = new Set(after.map(({ domain }) => domain))
  return {
    changed: after.filter((one) => differ(old.get(one.domain), one)),
    removed: [...old.keys()].filter((name) => !names.has(name)),
  }
}
