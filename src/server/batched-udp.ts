/** YP over UDP by a thread of its own (batched-worker.ts). */
import { getSystemErrorName } from 'node:util'
import { setFlagsFromString } from 'node:v8'
import { MessageChannel, Worker } from 'node:worker_threads'
import type { Log } from '../log.ts'
import { within } from '../within.ts'
import type { FromWorker, WorkerData } from './batched-worker.ts'
import { allocateShared, Control, type News, viewShared } from './news.ts'
import type { Notices } from './notices.ts'
import { rarely } from './rarely.ts'
import type { Service, Stranger } from './service.ts'
import { NOTHING_TOLD, type Told } from './usage.ts'

/** It looks for news every 50 ms, when no calls come; what it does between two looks takes less than this. */
const TOLD_MS = 500

/** In the sources a .ts file, in the package a .js one: as this one. */
const PROGRAM = new URL(import.meta.url.replace(/udp(\.[jt]s)$/, 'worker$1'))

// Of the sources each thread strips the types by WebAssembly, and V8 may free a wrapper there that another thread is in:
// SIGSEGV, now and then, on a busy machine. What is never replaced by a better one is never freed.
if (PROGRAM.pathname.endsWith('.ts')) setFlagsFromString(`--wasm-wrapper-tiering-budget=${2 ** 31 - 1}`)

export interface Batched {
  /** see counters.ts */
  readonly counters: Float64Array
  /** What it was asked, and by whom; as it last told when it does not answer soon. */
  readonly told: () => Promise<Told>
  /** Resolves when it answers, from these news on. Throws why it can't. */
  readonly begin: (first: readonly News[]) => Promise<Service>
  /** Ends it, whether it has begun or not. */
  readonly close: () => void
}

/** Starts the thread of a bound socket, which takes a tenth of a second, and answers when it is told to begin. */
export function launchBatched(
  fd: number,
  six: boolean,
  stranger: Stranger,
  notices: Notices,
  log: Log,
): Batched {
  const shared = allocateShared()
  const { words, counters } = viewShared(shared)
  const { port1: news, port2 } = new MessageChannel()
  const inform = (one: News) => {
    news.postMessage(one)
    Atomics.add(words, Control.generation, 1)
  }
  const data: WorkerData = { fd, six, shared, news: port2 }
  const worker = new Worker(PROGRAM, { workerData: data, transferList: [port2], env: {} })
  const ready = Promise.withResolvers<void>()
  const gone = Promise.withResolvers<void>()
  let told = NOTHING_TOLD
  let isGone = false
  /** resolves when it has told, if it was asked */
  let telling: PromiseWithResolvers<void> | undefined
  const failed = rarely((message: Extract<FromWorker, { kind: 'error' }>, count) => {
    const name = getSystemErrorName(-message.errno)
    log('warning', 'udp-error', `${message.what} a datagram failed: ${name}; ${count} times so far`)
  })
  worker.on('message', (message: FromWorker) => {
    if (message.kind === 'ready') ready.resolve()
    else if (message.kind === 'stranger') stranger(message.address, message.domain, message.calls)
    else if (message.kind === 'too-large') notices.tooLarge(message.answer)
    else if (message.kind === 'too-many') notices.tooMany(message.calls)
    else if (message.kind === 'error') failed(message)
    else {
      ;({ told } = message)
      telling?.resolve()
      telling = undefined
    }
  })
  worker.once('error', ready.reject)
  worker.once('exit', () => ready.reject(new Error('its thread has ended')))
  worker.once('exit', () => {
    news.close()
    isGone = true
    telling?.resolve()
    gone.resolve()
  })
  const wake = () => {
    Atomics.store(words, Control.begin, 1)
    Atomics.notify(words, Control.begin)
  }
  const close = () => {
    Atomics.store(words, Control.stop, 1)
    wake()
  }
  // Whoever begins hears of it.
  ready.promise.catch(() => {})
  return {
    counters,
    close,
    async told() {
      if (isGone) return told
      if (telling === undefined) {
        telling = Promise.withResolvers()
        inform({ kind: 'tell' })
      }
      await within(telling.promise, TOLD_MS)
      return told
    },
    async begin(first) {
      for (const one of first) inform(one)
      wake()
      await ready.promise
      // Nobody answers on this socket any more: another process is to do it.
      worker.once('error', (error) => {
        throw error
      })
      return {
        inform,
        close,
        // All that it took it has answered when it looks whether to stop.
        drain() {
          close()
          return gone.promise
        },
      }
    },
  }
}
