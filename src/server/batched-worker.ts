/**
 * The thread that answers on one UDP socket, many datagrams at a time, from an image that it shares with the main
 * thread. It waits in poll(2) and looks up what it has been told when it wakes.
 */
import { type MessagePort, parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads'
import { DecodeError } from '../../rpc/errors.ts'
import { formatAddress } from '../address.ts'
import { viewImage } from '../maps/image.ts'
import { BATCH, type Base, Batch, baseOf } from './batch.ts'
import { collectAll, collectYoung } from './garbage.ts'
import { UDP_REPLY_BYTES } from './limits.ts'
import { Errno, loadSystemCalls } from './mmsg.ts'
import { Control, type News } from './news.ts'
import { type Caller, Responder } from './responder.ts'
import { Served } from './served.ts'
import { Verdicts } from './verdicts.ts'

export interface WorkerData {
  readonly fd: number
  readonly six: boolean
  readonly control: SharedArrayBuffer
  readonly news: MessagePort
}

/** What it says: `ready` once, then of strangers and errors, which the main thread logs now and then. */
export type FromWorker =
  | { readonly kind: 'ready' }
  | { readonly kind: 'stranger'; readonly address: string }
  | { readonly kind: 'error'; readonly what: 'receiving' | 'sending'; readonly errno: number }

/** Milliseconds in poll(2) until it looks whether it shall stop, and for news when no call comes. */
const WAIT_MS = 50

/** Milliseconds between two words about errors. */
const QUIET_MS = 1000

/** Milliseconds between two words about strangers. */
const STRANGER_MS = 100

/** Images taken since all was collected. */
const MOST_UNCOLLECTED = 16

/** Receipts that failed one after the other. */
const MOST_FAILURES = 1000

const RESERVED: Caller = { reserved: true, limit: UDP_REPLY_BYTES }
const UNRESERVED: Caller = { reserved: false, limit: UDP_REPLY_BYTES }

const { fd, six, control, news } = workerData as WorkerData
const calls = loadSystemCalls()
const words = new Int32Array(control)
const batch = new Batch(calls)
const served = new Served()
const responder = new Responder(served)
const say = (message: FromWorker) => parentPort?.postMessage(message)

let image: Buffer | undefined
let base: Base = { low: 0, high: 0 }
let verdicts = createVerdicts([])
let generation = 0
let quietUntil = 0
let uncollected = 0

batch.askForAddresses(fd, six)
takeNews()
say({ kind: 'ready' })
serve()

/** Until it is told to stop. Every call here is one of the kernel or costs nothing to repeat. */
function serve(): void {
  const entry = Buffer.alloc(8)
  entry.writeInt32LE(fd, 0)
  // POLLIN
  entry.writeInt16LE(1, 4)
  let full = false
  let failures = 0
  while (Atomics.load(words, Control.stop) === 0) {
    if (!full && calls.poll(entry, 1, WAIT_MS) === 0 && uncollected > 0) collectRest()
    const count = batch.receive(fd)
    if (Atomics.load(words, Control.generation) !== generation) takeNews()
    full = count === BATCH
    if (count > 0) answerAll(count)
    else if (count < 0) complain('receiving', Control.counters + 3)
    failures = count < 0 && !isUsual(calls.errno()) ? failures + 1 : 0
    // A socket that is none any more: a process that is started anew has another chance.
    if (failures > MOST_FAILURES) throw new Error(`receiving failed ${failures} times in a row`)
  }
}

function answerAll(count: number): void {
  words[Control.counters]! += count
  for (let index = 0; index < count; index++) {
    const end = batch.callEnd(index)
    const port = batch.port(index)
    // Nobody can be answered on port 0: forged, or RFC 768's "no port".
    if (end < 0 || port === 0) continue
    if (!verdicts.allows(batch.bytes, batch.addressStart(index), six ? 16 : 4)) {
      words[Control.counters + 2]! += 1
      continue
    }
    answer(index, end, port < 1024 ? RESERVED : UNRESERVED)
  }
  batch.renew(count)
  sendAll()
}

/** Bytes that are no call get no answer. */
function answer(index: number, end: number, caller: Caller): void {
  const writer = batch.writers[index]!
  writer.offset = 0
  try {
    if (!responder.respond(batch.bytes, batch.callStart(index), end, caller, writer)) return
  } catch (error) {
    if (error instanceof DecodeError) return
    throw error
  }
  const { body, bodyStart, bodyEnd } = responder
  if (body === image) return batch.reply(index, base, bodyStart, bodyEnd - bodyStart)
  if (body !== undefined) body.copy(writer.bytes, writer.claim(bodyEnd - bodyStart), bodyStart, bodyEnd)
  batch.reply(index, base, 0, 0)
}

/** A reply that can't be sent is lost like any datagram: the client asks again. */
function sendAll(): void {
  const { replies } = batch
  let refusals = 0
  for (let sent = 0; sent < replies; ) {
    const count = batch.send(fd, sent)
    if (count > 0) {
      sent += count
      words[Control.counters + 1]! += count
      refusals = 0
      continue
    }
    // What an earlier reply met is told at the next call, which is then to be made again.
    const again = calls.errno() === Errno.EINTR || calls.errno() === Errno.ECONNREFUSED
    refusals += 1
    if (again && refusals < BATCH) continue
    complain('sending', Control.counters + 4)
    sent += 1
    refusals = 0
  }
}

function complain(what: 'receiving' | 'sending', counter: number): void {
  const errno = calls.errno()
  if (what === 'receiving' && isUsual(errno)) return
  words[counter]! += 1
  // Each takes memory until the main thread has read it.
  if (performance.now() < quietUntil) return
  quietUntil = performance.now() + QUIET_MS
  say({ kind: 'error', what, errno })
}

/** No call is there after all; or what became of an earlier reply. */
function isUsual(errno: number): boolean {
  return errno === Errno.EAGAIN || errno === Errno.EINTR || errno === Errno.ECONNREFUSED
}

function takeNews(): void {
  generation = Atomics.load(words, Control.generation)
  for (let one = receiveMessageOnPort(news); one !== undefined; one = receiveMessageOnPort(news)) {
    take(one.message as News)
  }
}

function take(message: News): void {
  switch (message.kind) {
    case 'image': {
      const view = viewImage(message.bytes)
      image = view.bytes
      base = baseOf(calls, view.bytes)
      served.serve(view)
      // As a rule the old one goes with this; what survived is for a moment when nobody waits.
      collectYoung()
      uncollected += 1
      if (uncollected >= MOST_UNCOLLECTED) collectRest()
      return
    }
    case 'access':
      verdicts = createVerdicts(message.rules)
      return
    case 'expired':
      served.expired = message.expired
      return
    default:
      message satisfies never
  }
}

function collectRest(): void {
  uncollected = 0
  collectAll()
}

function createVerdicts(rules: Extract<News, { kind: 'access' }>['rules']): Verdicts {
  let next = 0
  return new Verdicts(rules, (address) => {
    // Forged ones may be without number.
    if (performance.now() < next) return
    next = performance.now() + STRANGER_MS
    say({ kind: 'stranger', address: formatAddress(address) })
  })
}
