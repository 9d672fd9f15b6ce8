/** How a daemon fares, in the one word that monitoring wants; ypldapctl(8) says what each means. */
import type { Status } from '../messages/control.ts'
import { age } from './units.ts'

export type Word = 'fresh' | 'stale' | 'down'

export interface Verdict {
  readonly word: Word
  /** a line for people */
  readonly text: string
}

/** Seconds by which two refreshes may be late before that counts. */
const LATE = 60

export function verdictOf(status: Status): Verdict {
  const { now, domain, processes } = status
  const { name, image, last, refused } = domain
  if (!processes.some(({ role, pid }) => role === 'server' && pid > 0)) {
    return { word: 'down', text: `${name}: no server process runs` }
  }
  if (image === null) {
    const why = refused || last?.reason || 'no directory has been read yet'
    return { word: 'down', text: `${name}: there are no maps: ${why}` }
  }
  const old = Math.max(0, now - image.fresh)
  const text = `${name}, ${image.users} users and ${image.groups} groups, ${age(old)} old`
  const reasons = staleReasons(status, old)
  return reasons.length === 0
    ? { word: 'fresh', text }
    : { word: 'stale', text: `${text}: ${reasons.join('; ')}` }
}

function staleReasons({ domain, directories }: Status, old: number): readonly string[] {
  const { interval, expire, last, refused } = domain
  const reasons: string[] = []
  if (expire !== null && old > expire) reasons.push('expired')
  if (old > 2 * (interval + (last?.took ?? 0) / 1000) + LATE) reasons.push('refreshes are late')
  if (last?.outcome === 'trashed') reasons.push(`the last refresh was thrown away: ${last.reason}`)
  for (const { label, error } of directories) {
    // What the refresh was thrown away for is said already.
    if (error !== '' && last?.reason.includes(error) !== true) reasons.push(`${label} failed: ${error}`)
  }
  if (refused !== '') reasons.push(`the last image is refused: ${refused}`)
  return reasons
}

export const EXIT_STATUS: Readonly<Record<Word, number>> = { fresh: 0, stale: 1, down: 2 }
