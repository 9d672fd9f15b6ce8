/**
 * Room for what refreshes hold. When it is full the refresh that has read most gives way, and no other: a process that
 * is killed for its memory takes all domains with it.
 */
import { getHeapStatistics } from 'node:v8'
import { collectAll, giveBack } from '../garbage.ts'
import { DirectoryError } from './error.ts'
import { createSlots } from './slots.ts'

/**
 * Of the heap that V8 may have: at its end V8 ends the process. To make maps of rows takes 30 % of what the rows take,
 * so there is twice the room for it.
 */
const FULL = 0.6
/** Above this it is worth to look at what is garbage: 150 ms with 200 MB. */
const NEARLY_FULL = 0.66
/** So far others may go while the one that gives way has not gone. */
const OVERFULL = 0.75

/**
 * The same of the resident bytes that the process may have: values of over a megabyte, and buffers, are outside of the
 * heap. Looked at (8 us) after so many bytes of entries.
 */
const CROWDED = 0.9
const NEARLY_CROWDED = 0.85
const UNSEEN = 4 * 2 ** 20

/** Of an image, and in bytes: where its lines lie, and the space of the young, which grows again while they are made. */
const BESIDE_IMAGE = 0.04
const YOUNG_AGAIN = 16 * 2 ** 20

/** What one refresh holds. */
export interface Share {
  /** aborted, with a DirectoryError, when it is to give way */
  readonly signal: AbortSignal
  /** So many bytes more have been read; this may abort the signal. */
  readonly take: (bytes: number) => void
  /** An image is about to take so many. Throws DirectoryError (too-much). */
  readonly reserve: (bytes: number) => void
  /** Makes an image: one at a time, and again when another refresh has left its room. Throws the signal's reason. */
  readonly build: <T>(signal: AbortSignal, work: () => Promise<T>) => Promise<T>
  /** Nothing is held any more. */
  readonly release: () => void
}

export interface Room {
  readonly share: () => Share
  /** After a refresh. While another is under way its rows would be gone through in vain: half a second with 80 MB. */
  readonly giveBack: () => void
}

/** How full the process is. */
export interface Meter {
  /** of the heap that V8 may have, garbage too */
  readonly heap: () => number
  /** resident bytes */
  readonly resident: () => number
  readonly collect: () => void
  readonly giveBack: () => void
}

interface Holder {
  weight: number
  readonly stop: AbortController
  readonly gone: PromiseWithResolvers<void>
}

/** Of a process that may have `memory` resident bytes. */
export function createRoom(memory = Infinity, meter: Meter = PROCESS): Room {
  const holders = new Set<Holder>()
  let unseen = 0
  const building = createSlots(1)

  const heaviest = () => [...holders].reduce((a, b) => (b.weight > a.weight ? b : a))

  const giveWay = ({ stop }: Holder) => stop.abort(new DirectoryError('too-much', FILLED))

  const lookAt = (holder: Holder) => {
    const most = heaviest()
    // It goes as soon as it gets a word in; there is nothing to collect before.
    if (most.stop.signal.aborted && meter.heap() <= OVERFULL) return
    meter.collect()
    if (meter.heap() <= FULL && meter.resident() <= memory * CROWDED) return
    giveWay(most)
    if (meter.heap() > OVERFULL) giveWay(holder)
  }

  const isCrowded = () => {
    if (unseen < UNSEEN) return false
    unseen = 0
    return meter.resident() > memory * NEARLY_CROWDED
  }

  const fits = (bytes: number) => meter.resident() + bytes * (1 + BESIDE_IMAGE) + YOUNG_AGAIN <= memory

  return {
    share() {
      const stop = new AbortController()
      const holder: Holder = { weight: 0, stop, gone: Promise.withResolvers() }
      holders.add(holder)
      return {
        signal: stop.signal,
        take(bytes) {
          holder.weight += bytes
          unseen += bytes
          if (meter.heap() > NEARLY_FULL || isCrowded()) lookAt(holder)
        },
        reserve(bytes) {
          if (fits(bytes)) return
          meter.giveBack()
          if (!fits(bytes)) throw new DirectoryError('too-much', noRoomFor(bytes))
        },
        async build(signal, work) {
          const either = AbortSignal.any([signal, stop.signal])
          for (;;) {
            try {
              return await building.use(either, work)
            } catch (error) {
              const most = heaviest()
              if (most === holder || stop.signal.aborted || !isTooMuch(error)) throw error
              giveWay(most)
              await most.gone.promise
            }
          }
        },
        release() {
          holders.delete(holder)
          holder.gone.resolve()
        },
      }
    },
    giveBack() {
      if (holders.size === 0) meter.giveBack()
    },
  }
}

const ADVICE = 'raise "directory memory", or narrow the filter'

const FILLED = `the entries fill the memory there is for them; ${ADVICE}`

/** The same of one directory. */
export function filledBy(entries: number): DirectoryError {
  return new DirectoryError('too-much', `${entries} entries fill the memory there is for them; ${ADVICE}`)
}

function noRoomFor(bytes: number): string {
  return `the maps take ${Math.ceil(bytes / 2 ** 20)} MB, and there is no memory left for them; ${ADVICE}`
}

function isTooMuch(error: unknown): boolean {
  return error instanceof DirectoryError && error.code === 'too-much'
}

/** What V8 counts for the young beside the old: three halves of 8 MiB, see YOUNG_SPACE in supervisor/child.ts. */
const YOUNG = 24 * 2 ** 20

const PROCESS: Meter = {
  heap() {
    const { used_heap_size, heap_size_limit } = getHeapStatistics()
    return used_heap_size / (heap_size_limit - YOUNG)
  },
  resident: () => process.memoryUsage.rss(),
  collect: collectAll,
  giveBack,
}
