/**
 * Loads images from their files, one at a time. What is asked for meanwhile waits; of several that wait, only
 * the last is still wanted.
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
  /** What was asked for last has been found true again; false when that is no longer on its way. */
  readonly setFresh: (at: number) => boolean
  /** Nothing is loaded before this; false when nothing was asked for. */
  readonly begin: () => boolean
}

export function createLoader({ allocate, loaded, refused }: LoaderOptions): Loader {
  let begun = false
  let running: Wanted | undefined
  let waiting: Wanted | undefined

  const work = async () => {
    for (running = waiting; running !== undefined; running = waiting) {
      waiting = undefined
      const outcome = await tryImage(running, allocate)
      if (typeof outcome === 'string') refused(running, outcome)
      else loaded(outcome, running)
    }
  }

  return {
    load(wanted) {
      waiting = wanted
      if (begun && running === undefined) void work()
    },
    setFresh(at) {
      if (waiting !== undefined) waiting = { ...waiting, fresh: at }
      else if (running !== undefined) running = { ...running, fresh: at }
      return waiting !== undefined || running !== undefined
    },
    begin() {
      begun = true
      if (running === undefined) void work()
      return running !== undefined
    },
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
