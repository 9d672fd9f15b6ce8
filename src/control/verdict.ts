/** How a daemon fares, in the one word that monitoring wants; ypldapctl(8) says what each means. */
import type { DomainStatus, Status } from '../messages/control.ts'
import { age } from './units.ts'

export type Word = 'fresh' | 'stale' | 'down'

export interface Verdict {
  readonly word: Word
  /** a line for people */
  readonly text: string
}

/** Seconds by which two refreshes may be late before that counts. */
const LATE = 60

/** Of several domains, that of the one that fares worst. */
export function verdictOf({ now, domains, processes }: Status): Verdict {
  const names = domains.map(({ name }) => name).join(', ')
  if (!processes.some(({ role, pid }) => role === 'server' && pid > 0)) {
    return { word: 'down', text: `${names}: no server process runs` }
  }
  const verdicts = domains.map((domain) => verdictOfDomain(domain, now))
  const [only] = verdicts
  if (only !== undefined && verdicts.length === 1) return only
  const word = (['down', 'stale'] as const).find((bad) => verdicts.some((one) => one.word === bad)) ?? 'fresh'
  const bad = verdicts.filter((one) => one.word !== 'fresh').map(({ text }) => text)
  const fresh = `${verdicts.length - bad.length} of ${verdicts.length} domains fresh`
  return { word, text: [fresh, ...bad].join('; ') }
}

function verdictOfDomain(domain: DomainStatus, now: number): Verdict {
  const { name, image, last, refused } = domain
  if (image === null) {
    const why = refused || last?.reason || 'no directory has been read yet'
    return { word: 'down', text: `${name}: there are no maps: ${why}` }
  }
  const old = Math.max(0, now - image.fresh)
  const text = `${name}, ${image.users} users and ${image.groups} groups, ${age(old)} old`
  const reasons = staleReasons(domain, old)
  return reasons.length === 0
    ? { word: 'fresh', text }
    : { word: 'stale', text: `${text}: ${reasons.join('; ')}` }
}

function staleReasons(domain: DomainStatus, old: number): readonly string[] {
  const { interval, expire, last, refused, directories } = domain
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
