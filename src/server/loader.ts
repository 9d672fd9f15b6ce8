/**
 * Loads images from their files, one at a time. What is asked for meanwhile waits; of several that wait, only
 * the last is still wanted.
 */
import type { Image } from '../maps/image.ts'
import { loadImage } from '../maps/image-file.ts'
import { clip } from '../messages/common.ts'

export interface LoaderOptions {
  /** why this image must not be served, or undefined */
  readonly judge: (image: Image) => string | undefined
  readonly loaded: (image: Image, fresh: number) => void
  readonly refused: (path: string, reason: string) => void
}

export interface Loader {
  /** `fresh`: since when its contents are known to be true */
  readonly load: (path: string, fresh: number) => void
  /** What was asked for last has been found true again; false when that is no longer on its way. */
  readonly setFresh: (at: number) => boolean
  /** Nothing is loaded before this; false when nothing was asked for. */
  readonly begin: () => boolean
}

interface Wanted {
  readonly path: string
  fresh: number
}

export function createLoader({ judge, loaded, refused }: LoaderOptions): Loader {
  let begun = false
  let running: Wanted | undefined
  let waiting: Wanted | undefined

  const work = async () => {
    for (running = waiting; running !== undefined; running = waiting) {
      waiting = undefined
      const outcome = await tryImage(running.path, judge)
      if (typeof outcome === 'string') refused(running.path, outcome)
      else loaded(outcome, running.fresh)
    }
  }

  return {
    load(path, fresh) {
      waiting = { path, fresh }
      if (begun && running === undefined) void work()
    },
    setFresh(at) {
      const last = waiting ?? running
      if (last !== undefined) last.fresh = at
      return last !== undefined
    },
    begin() {
      begun = true
      if (running === undefined) void work()
      return running !== undefined
    },
  }
}

/** The image, or why there is none. */
async function tryImage(path: string, judge: LoaderOptions['judge']): Promise<Image | string> {
  try {
    const image = await loadImage(path)
    return judge(image) ?? image
  } catch (error) {
    return clip((error as Error).message)
  }
}
