/** FIRST, then NEXT to the end, one at a time: what getent(1) does. */
import { YpStat } from '../../rpc/yp.ts'
import { firstCall, nextCall, REPLY_HEAD_WORDS } from './calls.ts'
import { openDatagrams } from './datagrams.ts'
import { Ledger } from './ledger.ts'

/** Receives in a row that bring nothing, of 200 ms each. */
const PATIENCE = 10

export interface WalkResult {
  readonly replies: number
  readonly rate: number
  readonly milliseconds: number
  readonly wrong: number
  readonly lost: number
}

/** Resolves when the map has ended, an answer was lost, or there were more than it can have. */
export async function runWalk(port: number, users: number): Promise<WalkResult> {
  const line = await openDatagrams(port, 1)
  const out = Buffer.from(line.out.words.buffer)
  const received = Buffer.from(line.received.words.buffer)
  const ledger = new Ledger(users)
  const next = nextCall(users)
  let call = firstCall(users)
  let [replies, lost, wrong] = [0, 0, 0]
  const started = performance.now()
  try {
    for (let xid = 1; xid <= users + 1; xid++) {
      out.set(call, 0)
      out.writeUInt32BE(xid, 0)
      line.out.setLength(0, call.length)
      line.send(1)
      let came = 0
      for (let i = 0; came === 0 && i < PATIENCE; i++) came = await line.receive()
      if (came === 0) {
        lost += 1
        break
      }
      replies += 1
      if (received.readUInt32BE(0) !== xid) {
        wrong += 1
        break
      }
      const status = received.readInt32BE(REPLY_HEAD_WORDS * 4)
      if (status === YpStat.NOMORE) break
      const end = ledger.take(received, (REPLY_HEAD_WORDS + 1) * 4)
      if (status !== YpStat.TRUE || end !== line.received.length(0)) {
        wrong += 1
        break
      }
      call = Buffer.concat([next, ledger.key])
    }
  } finally {
    line.close()
  }
  const milliseconds = performance.now() - started
  wrong += ledger.wrong + ledger.missing
  return { replies, rate: (replies * 1000) / milliseconds, milliseconds, wrong, lost }
}
