/**
 * Loads images from their files, one at a time. What is asked for meanwhile waits; of several of one domain that
 * wait, only the last is still wanted.
 */
import type { Image } from '../maps/image.ts'
import { loadImage } from '../maps/image-file.ts'
import { clip } from '../messages/common.ts'
import type { ToServer } from '../messages/server.ts'

/** As it was asked for; how true it is may have been told since. */
export type Wanted = Omit<Extract<ToServer, { kind: 'load' }>, 'kind'>

export interface LoaderOptions {
  /** gives the memory of an image */
  readonly allocate: (size: number) => ArrayBufferLike
  readonly loaded: (image: Image, wanted: Wanted) => void
  readonly refused: (wanted: Wanted, reason: string) => void
}

export interface Loader {
  readonly load: (wanted: Wanted) => void
  /** What was asked for last of this domain has been found true again; false when that is no longer on its way. */
  readonly setFresh: (domain: string, at: number) => boolean
  /** Of this domain nothing is wanted any more. */
  readonly forget: (domain: string) => void
  /** Resolves when nothing is on its way. */
  readonly idle: () => Promise<void>
}

export function createLoader({ allocate, loaded, refused }: LoaderOptions): Loader {
  /** the next of each domain, in the order in which they were asked for */
  const waiting = new Map<string, Wanted>()
  let running: Wanted | undefined
  let working = Promise.resolve()

  const take = (): Wanted | undefined => {
    const [next] = waiting.values()
    if (next !== undefined) waiting.delete(next.domain)
    return next
  }

  const work = async () => {
    for (running = take(); running !== undefined; running = take()) {
      const outcome = await tryImage(running, allocate)
      if (typeof outcome === 'string') refused(running, outcome)
      else loaded(outcome, running)
    }
  }

  return {
    load(wanted) {
      waiting.set(wanted.domain, wanted)
      if (running === undefined) working = work()
    },
    setFresh(domain, at) {
      const next = waiting.get(domain)
      if (next !== undefined) waiting.set(domain, { ...next, fresh: at })
      else if (running?.domain === domain) running = { ...running, fresh: at }
      else return false
      return true
    },
    forget: (domain) => void waiting.delete(domain),
    idle: () => working,
  }
}

/** The image, or why there is none. */
async function tryImage(
  { path, domain, fingerprint }: Wanted,
  allocate: LoaderOptions['allocate'],
): Promise<Image | string> {
  try {
    const image = await loadImage(path, allocate)
    if (image.domain !== domain) return `made for the domain ${image.domain}`
    if (image.fingerprint.toString('hex') !== fingerprint) return 'made for another configuration'
    return image
  } catch (error) {
    return clip((error as Error).message)
  }
}
