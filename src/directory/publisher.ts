/** Rows to the image that is served: built, judged, and committed if it says anything new. */
import { SECURE_MAPS } from '../config/builtin-maps.ts'
import type { DomainConfig } from '../config/config.ts'
import type { Admission } from '../maps/admit.ts'
import { buildImage } from '../maps/build.ts'
import { type Counts, judge, withoutFound } from '../maps/guard.ts'
import { commitImage, readImageSummary, touchImage, verifyImage } from '../maps/image-file.ts'
import type { Rejected } from '../maps/merge.ts'
import type { Rows } from '../maps/rows.ts'
import { type DirectorySettings, imagePath, type Published } from '../messages/directory.ts'
import { utf8Octets } from './octets.ts'

/** The rows were good, and are still not to be served. */
export class GuardError extends Error {
  override readonly name = 'GuardError'
}

export interface Publication {
  readonly outcome: 'published' | 'unchanged'
  readonly users: number
  readonly groups: number
  readonly rejected: readonly Rejected[]
}

export interface Publisher {
  /** where its images are committed */
  readonly path: string
  /** what lies there, if it was made for the configuration that this was opened for, or by this */
  readonly published: () => Published | null
  /** What lies there is made anew the next time, although nothing has changed. */
  readonly distrust: () => void
  /**
   * Makes an image of rows that were true at `fresh` the one to be served, or throws and leaves all as it was;
   * `force` passes the guard.
   */
  readonly publish: (
    rows: readonly Rows[],
    settings: DirectorySettings,
    request: {
      readonly force: boolean
      readonly fresh: number
      /** told what the image takes before it is taken; throws when that is too much */
      readonly reserve: (bytes: number) => void
      /** done when the guard has let it pass, before anything is changed */
      readonly judged: () => Promise<void>
    },
  ) => Promise<Publication>
}

/** Takes up from the image that lies in the state directory, if it was made for this configuration. */
export async function openPublisher(settings: DirectorySettings): Promise<Publisher> {
  const path = imagePath(settings)
  const found = await readImageSummary(path).catch(() => undefined)
  let created = found?.created ?? 0
  let generation = found?.generation ?? 0
  let published: Published | null = null
  let before: Counts | undefined
  let trusted = true
  // One of another configuration is not served, so there is nothing that a smaller one would be worse than.
  if (found?.domain === settings.domain && found.fingerprint === settings.fingerprint) {
    const { domain, fingerprint, contents, fresh } = found
    published = { path, domain, fingerprint, created, generation, contents, fresh }
    before = found
  }

  return {
    path,
    published: () => published,
    distrust() {
      trusted = false
    },
    async publish(rows, settings, request) {
      const { domain, master, maps, recordLimit, overflow, guardShrink, fingerprint } = settings
      // ORDER must grow with every change, also when the clock is set back.
      const order = nextOrder(created, Date.now())
      const { bytes, contents, counts, rejected } = buildImage(rows, {
        domain,
        master,
        maps,
        hashMaps: SECURE_MAPS,
        admission: admissionOf(settings),
        recordLimit,
        overflow,
        created: order,
        generation: generation + 1,
        fingerprint: Buffer.from(fingerprint, 'hex'),
        reserve: request.reserve,
      })
      try {
        const isSame = published?.fingerprint === fingerprint
        const measure = isSame ? before : before && withoutFound(before)
        const reason = request.force ? undefined : judge(measure, counts, guardShrink)
        if (reason !== undefined) throw new GuardError(reason)
        await request.judged()
        const { fresh } = request
        const unchanged = trusted && contents === published?.contents && (await isWhole(published))
        if (unchanged) {
          await touchImage(path, fresh)
        } else {
          // Not given twice, even if the commit fails at its last step.
          created = order
          generation += 1
          await commitImage(path, bytes, fresh)
          trusted = true
        }
        published = { path, domain, fingerprint, created, generation, contents, fresh }
        before = counts
        const { users, groups } = counts
        return { outcome: unchanged ? 'unchanged' : 'published', users, groups, rejected }
      } finally {
        // Its memory goes back at once, not when it is missed.
        bytes.transfer(0)
      }
    },
  }
}

/** 32 bits, says the protocol; a clock that shows more is wrong. */
const LAST_ORDER = 2 ** 32 - 1

function nextOrder(last: number, now: number): number {
  return Math.min(Math.max(last + 1, Math.floor(now / 1000)), LAST_ORDER)
}

export function admissionOf({ admission }: Pick<DomainConfig, 'admission'>): Admission {
  const { refusedNames, ...minimums } = admission
  return { ...minimums, refusedNames: new Set(refusedNames.map(utf8Octets)) }
}

/** What nobody changed may still have been lost on disk, or have had another put in its place. */
async function isWhole({ path, contents, created, generation }: Published): Promise<boolean> {
  try {
    const found = await readImageSummary(path)
    await verifyImage(path)
    return found.contents === contents && found.created === created && found.generation === generation
  } catch {
    return false
  }
}
