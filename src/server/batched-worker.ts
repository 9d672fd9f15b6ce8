/** The thread of one UDP socket: it answers until it is told to stop, and hears nothing else meanwhile. */
import { type MessagePort, parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads'
import { BatchedServer, type Words } from './batched-server.ts'
import { loadSystemCalls } from './mmsg.ts'
import { Control, type News, viewShared } from './news.ts'

export interface WorkerData {
  readonly fd: number
  readonly six: boolean
  readonly shared: SharedArrayBuffer
  readonly news: MessagePort
}

export type FromWorker = { readonly kind: 'ready' } | Words

const { fd, six, shared, news } = workerData as WorkerData
const say = (message: FromWorker) => parentPort?.postMessage(message)
const { words, counters } = viewShared(shared)
const calls = loadSystemCalls()
Atomics.wait(words, Control.begin, 0)
const server = new BatchedServer({
  calls,
  fd,
  six,
  words,
  counters,
  news: () => receiveMessageOnPort(news)?.message as News | undefined,
  say,
})
say({ kind: 'ready' })
while (server.turn());
// Nobody can ask it any more.
server.tell()
