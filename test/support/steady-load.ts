/**
 * Clients that never rest: a MATCH over UDP every millisecond, an ALL over TCP every 100 ms, and every reply held
 * against what may be served at that moment. The maps are those of `generationLdif`: every user of one generation
 * says its number.
 */
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { connect } from 'node:net'
import { MARK_BYTES, RecordAssembler, writeMark } from '../../rpc/record.ts'
import { YP_PROGRAM, YP_VERSION, YpProcedure, YpStat } from '../../rpc/yp.ts'
import { encodeKey, encodeNoKey } from '../../rpc/yp-arguments.ts'
import type { KeyAnswer } from '../../rpc/yp-results.ts'
import { readReply } from './rpc-codec.ts'
import { encodeYpCall } from './yp-client.ts'

export const USERS = 200

/** The directory of one generation. */
export function generationLdif(generation: number): string {
  const users = Array.from({ length: USERS }, (_, index) =>
    [
      `dn: uid=user${index},dc=example,dc=com`,
      'objectClass: account',
      'objectClass: posixAccount',
      `uid: user${index}`,
      `cn: User ${index}`,
      `uidNumber: ${10_000 + index}`,
      'gidNumber: 100',
      `gecos: generation ${generation}`,
      `homeDirectory: /home/user${index}`,
      '',
    ].join('\n'),
  )
  return [
    'dn: cn=users,dc=example,dc=com\nobjectClass: posixGroup\ncn: users\ngidNumber: 100\n',
    ...users,
  ].join('\n')
}

export interface Report {
  /** calls answered */
  readonly matches: number
  readonly alls: number
  /** datagrams that had to be sent a second time, as every client does */
  readonly resent: number
  /** streams that broke and were asked for a second time */
  readonly reconnected: number
  /** never answered, though asked twice */
  readonly lost: readonly string[]
  /** what no right server answers */
  readonly wrong: readonly string[]
  /** milliseconds until an answer, sorted */
  readonly latencies: readonly number[]
}

export interface Load {
  /** Answers of older generations are wrong from now on, and of newer ones than `to` too. */
  readonly expect: (from: number, to: number) => void
  /** Where calls go from now on. */
  readonly moveTo: (port: number) => void
  /** What happened so far. */
  readonly report: () => Report
  /** Waits for the last answers. */
  readonly stop: () => Promise<Report>
}

/** A client's patience: glibc's and the BSDs' is 5 s, ours is shorter to see more. */
const RESEND_MS = 2000

export async function startLoad(domain: string, port: number, generation: number): Promise<Load> {
  let target = port
  let [from, to] = [generation, generation]
  const counts = { matches: 0, alls: 0, resent: 0, reconnected: 0 }
  const lost: string[] = []
  const wrong: string[] = []
  const latencies: number[] = []
  const socket = createSocket('udp4')
  const waiting = new Map<number, (reply: Buffer) => void>()
  socket.on('message', (message: Buffer) => waiting.get(message.readUInt32BE(0))?.(message))
  // A port that is closed for a moment tells us so: the call is sent again like any other.
  socket.on('error', () => {})
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')

  /** `least` is what was published when it was asked. */
  const judge = (value: string, least: number, what: string): number => {
    const found = Number(/:generation (\d+):/.exec(value)?.[1] ?? -1)
    if (found < least || found > to) wrong.push(`${what}: ${value} where ${least} to ${to} may be`)
    return found
  }

  const match = async (index: number): Promise<void> => {
    const key = `user${index % USERS}`
    const call = encodeYpCall({
      procedure: YpProcedure.MATCH,
      encode: (writer) => encodeKey(writer, domain, 'passwd.byname', key),
    })
    const xid = call.readUInt32BE(0)
    const asked = performance.now()
    const least = from
    for (const attempt of [1, 2]) {
      if (attempt === 2) counts.resent += 1
      const reply = await new Promise<Buffer | undefined>((resolve) => {
        const timer = setTimeout(() => resolve(undefined), RESEND_MS)
        waiting.set(xid, (message) => {
          clearTimeout(timer)
          resolve(message)
        })
        socket.send(call, target, '127.0.0.1')
      })
      if (reply === undefined) continue
      waiting.delete(xid)
      const { fields } = readReply(
        { program: YP_PROGRAM, version: YP_VERSION, procedure: YpProcedure.MATCH },
        reply,
      )
      if (fields['status'] === YpStat.TRUE) judge(fields['value'] as string, least, `MATCH ${key}`)
      else wrong.push(`MATCH ${key}: status ${String(fields['status'])}`)
      counts.matches += 1
      latencies.push(performance.now() - asked)
      return
    }
    waiting.delete(xid)
    lost.push(`MATCH ${key}`)
  }

  const all = async (): Promise<void> => {
    const least = from
    for (const attempt of [1, 2]) {
      if (attempt === 2) counts.reconnected += 1
      const records = await askAll(domain, target)
      if (records === undefined) continue
      counts.alls += 1
      const users = records.filter(({ status }) => status === YpStat.TRUE)
      if (users.length !== USERS || records.at(-1)?.status !== YpStat.NOMORE) {
        wrong.push(`ALL: ${users.length} users, end ${String(records.at(-1)?.status)}`)
      }
      const generations = new Set(users.map(({ value }) => judge(value, least, 'ALL')))
      if (generations.size > 1) wrong.push(`ALL: mixed of ${[...generations].join(', ')}`)
      return
    }
    lost.push('ALL')
  }

  const running = new Set<Promise<void>>()
  const begin = (work: Promise<void>) => {
    const settled = work
      .catch((error: Error) => void wrong.push(error.message))
      .finally(() => running.delete(settled))
    running.add(settled)
  }
  let sent = 0
  let ticks = 0
  const timer = setInterval(() => {
    begin(match(sent++))
    if (ticks++ % 100 === 0) begin(all())
  }, 1)

  const report = (): Report => ({ ...counts, lost, wrong, latencies: latencies.toSorted((a, b) => a - b) })
  return {
    expect(least, most) {
      ;[from, to] = [least, most]
    },
    moveTo(next) {
      target = next
    },
    report,
    async stop() {
      clearInterval(timer)
      await Promise.all(running)
      socket.close()
      return report()
    },
  }
}

/** The whole stream; undefined when the connection broke. */
async function askAll(domain: string, port: number): Promise<readonly KeyAnswer[] | undefined> {
  const call = encodeYpCall({
    procedure: YpProcedure.ALL,
    encode: (writer) => encodeNoKey(writer, domain, 'passwd.byname'),
  })
  const socket = connect({ host: '127.0.0.1', port })
  const assembler = new RecordAssembler({ bytes: 16 * 1024 * 1024, fragments: 100_000 })
  return new Promise((resolve) => {
    socket.on('error', () => {})
    socket.on('close', () => resolve(undefined))
    socket.on('connect', () => {
      const mark = Buffer.alloc(MARK_BYTES)
      writeMark(mark, 0, call.length, true)
      socket.write(Buffer.concat([mark, call]))
    })
    socket.on('data', (chunk: Buffer) => {
      for (let at = 0; at < chunk.length && !assembler.complete; ) at = assembler.take(chunk, at)
      if (!assembler.complete) return
      const { fields } = readReply(
        { program: YP_PROGRAM, version: YP_VERSION, procedure: YpProcedure.ALL },
        Buffer.from(assembler.record),
      )
      resolve(fields['records'] as readonly KeyAnswer[])
      socket.destroy()
    })
  })
}
