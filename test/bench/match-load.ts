/** Callers that each wait for their answer and ask again at once, for a random user: `width` calls outstanding. */
import { setImmediate, setTimeout } from 'node:timers/promises'
import { type Arena, sameWords } from './calls.ts'
import { type Datagrams, openDatagrams } from './datagrams.ts'
import { quantile } from './statistics.ts'

/** Milliseconds after which a call counts as lost. */
const LOST_MS = 1000
/** Milliseconds between two looks at whether it was told to stop. */
const LOOK_MS = 100
/** Replies of one run; 2 s at 400,000 a second are less. */
const MAX_REPLIES = 4_000_000

export interface MatchOptions {
  readonly port: number
  readonly width: number
  readonly milliseconds: number
  readonly calls: Arena
  readonly replies: Arena
  /** the users that are asked for: the first so many */
  readonly asked: number
  /** every answer is that of the first user: a floor's */
  readonly constant: boolean
  /** milliseconds from an answer to the next call */
  readonly pause: number
  readonly stopped: () => boolean
}

/** Times in microseconds, but for the longest: milliseconds between two replies. */
export interface MatchResult {
  readonly replies: number
  readonly rate: number
  readonly p50: number
  readonly p99: number
  readonly longest: number
  readonly wrong: number
  readonly lost: number
}

/** A call on its way: which user it asks for, when it went, and by what xid its answer is known. */
class Slots {
  readonly #options: MatchOptions
  readonly #user: Uint32Array
  readonly #xid: Uint32Array
  readonly sent: Float64Array
  #random = 2_463_534_242
  #sequence = 0
  wrong = 0

  constructor(options: MatchOptions) {
    this.#options = options
    this.#user = new Uint32Array(options.width)
    this.#xid = new Uint32Array(options.width)
    this.sent = new Float64Array(options.width)
  }

  /** The next call of a slot as message `index`. */
  write(slot: number, out: Datagrams['out'], index: number, now: number): void {
    const { calls, asked } = this.#options
    const random = this.#next()
    const user = random % asked
    // By name or by number: the second half of the arena.
    const call = (random & 0x10000000) === 0 ? user : user + (calls.starts.length - 1) / 2
    this.#sequence = (this.#sequence + 1) & 0xffffff
    const xid = ((this.#sequence << 8) | slot) >>> 0
    this.#user[slot] = user
    this.#xid[slot] = xid
    this.sent[slot] = now
    const at = index * out.stride
    const [start, end] = [calls.starts[call]!, calls.starts[call + 1]!]
    for (let i = 1; i < end - start; i++) out.words[at + i] = calls.words[start + i]!
    out.words[at] = xid
    out.setLength(index, (end - start) * 4)
  }

  /** Whose answer it is; -1 of none, which is wrong, as is one that does not say what it must. */
  take(received: Datagrams['received'], index: number): number {
    const { replies, constant } = this.#options
    const at = index * received.stride
    const xid = received.words[at]!
    const slot = xid & 0xff
    if (this.#xid[slot] !== xid) {
      this.wrong += 1
      return -1
    }
    this.#xid[slot] = 0
    const user = constant ? 0 : this.#user[slot]!
    const [start, end] = [replies.starts[user]!, replies.starts[user + 1]!]
    const right =
      received.length(index) === (end - start) * 4 &&
      sameWords(received.words, at + 1, replies.words, start + 1, end - start - 1)
    if (!right) this.wrong += 1
    return slot
  }

  /** xorshift32: the same users in the same order in every run. */
  #next(): number {
    let x = this.#random
    x ^= x << 13
    x ^= x >>> 17
    x ^= x << 5
    this.#random = x >>> 0
    return this.#random
  }
}

export async function runMatch(options: MatchOptions): Promise<MatchResult> {
  const line = await openDatagrams(options.port, options.width)
  try {
    return await exchange(line, options)
  } finally {
    line.close()
  }
}

async function exchange(line: Datagrams, options: MatchOptions): Promise<MatchResult> {
  const { width, milliseconds, pause, stopped } = options
  const slots = new Slots(options)
  const latencies = new Float32Array(MAX_REPLIES)
  const started = performance.now()
  let [now, last, look, longest] = [started, started, started, 0]
  let [replies, lost] = [0, 0]
  for (let slot = 0; slot < width; slot++) slots.write(slot, line.out, slot, now)
  line.send(width)
  while (now - started < milliseconds && replies + width < MAX_REPLIES) {
    const receiving = line.receive()
    const count = typeof receiving === 'number' ? receiving : await receiving
    now = performance.now()
    let next = 0
    for (let index = 0; index < count; index++) {
      const slot = slots.take(line.received, index)
      if (slot < 0) continue
      latencies[replies++] = now - slots.sent[slot]!
      slots.write(slot, line.out, next++, now)
    }
    if (count > 0) {
      if (now - last > longest) longest = now - last
      last = now
    } else {
      for (let slot = 0; slot < width; slot++) {
        if (now - slots.sent[slot]! < LOST_MS) continue
        lost += 1
        slots.write(slot, line.out, next++, now)
      }
    }
    if (pause > 0) {
      await setTimeout(pause)
      slots.sent.fill(performance.now())
    }
    if (next > 0) line.send(next)
    if (now - look < LOOK_MS) continue
    look = now
    await setImmediate()
    if (stopped()) break
  }
  const sorted = latencies.subarray(0, replies).sort()
  return {
    replies,
    rate: (replies * 1000) / (now - started),
    p50: quantile(sorted, 0.5) * 1000,
    p99: quantile(sorted, 0.99) * 1000,
    longest: Math.max(longest, now - last),
    wrong: slots.wrong,
    lost,
  }
}
