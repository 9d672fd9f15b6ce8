/** Replies of two servers in a form that can be compared where the order of records is each server's own. */
import { DecodeError } from '../../rpc/errors.ts'
import { YpStat } from '../../rpc/yp.ts'
import { type Fields, readReply } from '../support/rpc-codec.ts'
import type { Outcome } from '../support/yp-client.ts'
import type { YpCase } from './ypserv-cases.ts'

export interface YpAnswer {
  /** its kind in a few words: `TRUE`, `NOMAP`, `GARBAGE_ARGS`, `silence` */
  readonly words: string
  /** all of it, but for the xid and the order of records */
  readonly whole: string
}

const STATUS = new Map<number, string>(Object.entries(YpStat).map(([name, status]) => [status, name]))
/** yp_prot.h, enum ypxfrstat */
const TRANSFER = new Map([
  [1, 'SUCC'],
  [2, 'AGE'],
  [-1, 'NOMAP'],
  [-2, 'NODOM'],
  [-3, 'RSRC'],
  [-4, 'RPC'],
  [-7, 'BADARGS'],
  [-9, 'FILE'],
  [-14, 'REFUSED'],
])
/** RFC 5531 s.9, enum auth_stat */
const AUTH = new Map([
  [1, 'AUTH_BADCRED'],
  [2, 'AUTH_REJECTEDCRED'],
  [3, 'AUTH_BADVERF'],
  [5, 'AUTH_TOOWEAK'],
  [7, 'AUTH_FAILED'],
])

export function answerOf(ypCase: YpCase, outcome: Outcome): YpAnswer {
  if (typeof outcome === 'string') return { words: outcome, whole: outcome }
  const refusal = authRefusal(outcome)
  if (refusal !== undefined) return { words: refusal, whole: refusal }
  const { number: procedure, program, version } = ypCase
  const reply = readable({ procedure, program, version }, outcome)
  if (reply === undefined) return { words: 'undecodable', whole: outcome.toString('hex', 4) }
  const { fields, left } = reply
  const { xid: _, ...rest } = fields
  const words = wordsOf(ypCase.procedure, rest) + (left === 0 ? '' : `, and ${left} bytes more`)
  const comparable = ORDERED.has(ypCase.procedure) && rest['accept'] === 'SUCCESS'
  // Behind the xid.
  return { words, whole: comparable ? JSON.stringify(sorted(rest)) : outcome.toString('hex', 4) }
}

/** What ypserv makes of what it finds in its buffer behind a short message may be no answer to the question. */
function readable(
  call: Parameters<typeof readReply>[0],
  reply: Buffer,
): ReturnType<typeof readReply> | undefined {
  try {
    return readReply(call, reply)
  } catch (error) {
    if (error instanceof DecodeError) return undefined
    throw error
  }
}

/** RFC 5531 s.9: REPLY, MSG_DENIED, AUTH_ERROR; statuses over 5 are for clients, and libtirpc sends them. */
function authRefusal(reply: Buffer): string | undefined {
  if (reply.length !== 20) return undefined
  const [, type, denied, reason, status = 0] = [0, 4, 8, 12, 16].map((at) => reply.readUInt32BE(at))
  if (type !== 1 || denied !== 1 || reason !== 1) return undefined
  return AUTH.get(status) ?? `auth_stat ${status}`
}

function wordsOf(procedure: string, fields: Fields): string {
  const { kind, accept, low, high, served, records, transid } = fields
  const status = fields['status'] as number
  if (kind === 'rpc-mismatch') return `RPC_MISMATCH ${String(low)}..${String(high)}`
  if (accept === 'PROG_MISMATCH') return `PROG_MISMATCH ${String(low)}..${String(high)}`
  if (accept !== 'SUCCESS') return String(accept)
  if (served !== undefined) return served === true ? 'TRUE' : 'FALSE'
  if (records !== undefined)
    return streamWords((records as readonly { status: number }[]).map(({ status }) => status))
  if (transid !== undefined) return TRANSFER.get(status) ?? `ypxfrstat ${status}`
  if (status === undefined) return procedure === 'NULL' || procedure === 'CLEAR' ? 'void' : 'SUCCESS'
  return STATUS.get(status) ?? `ypstat ${status}`
}

/** ALL: whether there are records, and the status that ends them, if the end is told at all. */
function streamWords(statuses: readonly number[]): string {
  const records = statuses.filter((status) => status === YpStat.TRUE).length
  const ends = statuses
    .filter((status) => status !== YpStat.TRUE)
    .map((status) => STATUS.get(status) ?? status)
  return [...(records > 0 ? ['records'] : []), ...(ends.length > 0 ? ends : ['bare end'])].join(', ')
}

/** Procedures whose answers depend on the order in which a server enumerates. */
const ORDERED = new Set(['FIRST', 'NEXT', 'ALL', 'MAPLIST'])

const inOrder = (list: unknown) => (list as unknown[]).map((item) => JSON.stringify(item)).sort()

function sorted(fields: Fields): Fields {
  const { records, maps, status } = fields
  if (records !== undefined) return { ...fields, records: inOrder(records) }
  if (maps !== undefined) return { ...fields, maps: inOrder(maps) }
  // Which record is the first, or the next after a key that is not there, is the server's own order.
  return status === YpStat.TRUE ? { status } : fields
}
