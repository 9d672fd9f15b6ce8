import { describe, expect, test } from 'vitest'
import { DirectoryError } from '../../src/directory/error.ts'
import { createRoom, type Meter } from '../../src/directory/room.ts'

const never = new AbortController().signal

/** A process whose memory is what the test says; collecting it leaves `live` of its heap. */
function measured(): { heap: number; resident: number; live: number; collected: number; meter: Meter } {
  const state = {
    heap: 0,
    resident: 0,
    live: 0,
    collected: 0,
    meter: {
      heap: () => state.heap,
      resident: () => state.resident,
      collect() {
        state.collected += 1
        state.heap = state.live
      },
      giveBack() {
        state.collected += 1
        state.resident = state.live
      },
    },
  }
  return state
}

function fill(state: ReturnType<typeof measured>, heap: number): void {
  state.heap = heap
  state.live = heap
}

describe('entries that fill the memory', () => {
  test('end the refresh that has read most, whichever reads the next', () => {
    const state = measured()
    const room = createRoom(1000, state.meter)
    const [small, large] = [room.share(), room.share()]
    small.take(10)
    large.take(100)
    fill(state, 0.7)
    small.take(1)
    expect([small.signal.aborted, large.signal.aborted]).toEqual([false, true])
    expect(large.signal.reason).toMatchObject({
      code: 'too-much',
      message:
        'the entries fill the memory there is for them; raise "directory memory", or narrow the filter',
    })
  })

  test('end no second one while the first is about to leave', () => {
    const state = measured()
    const room = createRoom(1000, state.meter)
    const [small, large] = [room.share(), room.share()]
    small.take(10)
    large.take(100)
    fill(state, 0.7)
    for (let at = 0; at < 10; at++) small.take(1)
    expect([small.signal.aborted, state.collected]).toEqual([false, 1])
    large.release()
    fill(state, 0.5)
    small.take(1)
    expect(small.signal.aborted).toBe(false)
  })

  test('end a second one before the heap ends', () => {
    const state = measured()
    const room = createRoom(1000, state.meter)
    const [small, large] = [room.share(), room.share()]
    large.take(100)
    fill(state, 0.8)
    small.take(1)
    expect([small.signal.aborted, large.signal.aborted]).toEqual([true, true])
  })

  test('end nobody when they are garbage', () => {
    const state = measured()
    const share = createRoom(1000, state.meter).share()
    state.heap = 0.9
    state.live = 0.5
    share.take(1)
    expect([share.signal.aborted, state.collected]).toEqual([false, 1])
  })

  test('are seen outside of the heap, too', () => {
    const state = measured()
    const share = createRoom(1000, state.meter).share()
    state.resident = 950
    share.take(1)
    expect(share.signal.aborted).toBe(false)
    share.take(4 * 2 ** 20)
    expect(share.signal.aborted).toBe(true)
  })
})

test('what is left is given back when the last refresh is over', () => {
  const state = measured()
  const room = createRoom(1000, state.meter)
  const [one, other] = [room.share(), room.share()]
  one.release()
  room.giveBack()
  expect(state.collected).toBe(0)
  other.release()
  room.giveBack()
  expect(state.collected).toBe(1)
})

describe('an image', () => {
  test('is refused before it is made where the process would be killed for it', () => {
    const state = measured()
    const share = createRoom(100 * 2 ** 20, state.meter).share()
    state.resident = state.live = 50 * 2 ** 20
    share.reserve(30 * 2 ** 20)
    expect(() => share.reserve(40 * 2 ** 20)).toThrow(
      'the maps take 40 MB, and there is no memory left for them; raise "directory memory", or narrow the filter',
    )
  })

  test('is made when what was in its way is garbage', () => {
    const state = measured()
    const share = createRoom(100 * 2 ** 20, state.meter).share()
    state.resident = 90 * 2 ** 20
    state.live = 10 * 2 ** 20
    share.reserve(50 * 2 ** 20)
    expect(state.resident).toBe(state.live)
  })

  test('is made one at a time', async () => {
    const room = createRoom()
    const first = Promise.withResolvers<string>()
    const said: string[] = []
    const one = room.share().build(never, async () => {
      said.push('one')
      said.push(await first.promise)
    })
    const two = room.share().build(never, async () => void said.push('two'))
    first.resolve('one is done')
    await Promise.all([one, two])
    expect(said).toEqual(['one', 'one is done', 'two'])
  })

  test('is made again when a refresh that had read more has left its room', async () => {
    const room = createRoom()
    const [small, large] = [room.share(), room.share()]
    large.take(100)
    large.signal.addEventListener('abort', () => setImmediate(large.release))
    let tries = 0
    const made = await small.build(never, async () => {
      tries += 1
      if (tries === 1) throw new DirectoryError('too-much', 'no room')
      return 'made'
    })
    expect([made, tries, large.signal.aborted, small.signal.aborted]).toEqual(['made', 2, true, false])
  })

  test('fails the refresh that has read most', async () => {
    const room = createRoom()
    const [small, large] = [room.share(), room.share()]
    large.take(100)
    const refused = new DirectoryError('too-much', 'no room')
    await expect(large.build(never, () => Promise.reject(refused))).rejects.toBe(refused)
    expect(small.signal.aborted).toBe(false)
  })

  test('fails no other where it was its own that was to give way', async () => {
    const state = measured()
    const room = createRoom(1000, state.meter)
    const [first, second] = [room.share(), room.share()]
    first.take(100)
    const refused = new DirectoryError('too-much', 'no room')
    const built = first.build(never, async () => {
      fill(state, 0.99)
      first.take(1)
      fill(state, 0.1)
      second.take(500)
      throw refused
    })
    await expect(built).rejects.toBe(refused)
    expect(second.signal.aborted).toBe(false)
  })

  test('is not begun for a refresh that is to give way', async () => {
    const state = measured()
    const share = createRoom(1000, state.meter).share()
    fill(state, 0.9)
    share.take(1)
    const made: string[] = []
    await expect(share.build(never, async () => void made.push('made'))).rejects.toBe(share.signal.reason)
    expect(made).toEqual([])
  })
})
