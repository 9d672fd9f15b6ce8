/** The reply to ALL of passwd.byname as it lies on the wire. */
import { MARK_BYTES, writeMark } from '../../rpc/record.ts'
import { AcceptStat, encodeAccepted } from '../../rpc/reply.ts'
import { XdrWriter } from '../../rpc/xdr-writer.ts'
import { YpStat } from '../../rpc/yp.ts'
import { nameOf, passwdOf } from './data.ts'

const FRAGMENT_BYTES = 65_536

/** In fragments as ypserv's clients know them; the xid is 0. */
export function encodedAll(users: number): Buffer {
  const writer = new XdrWriter(Buffer.alloc(users * 512 + 4096))
  encodeAccepted(writer, 0, AcceptStat.SUCCESS)
  for (let index = 0; index < users; index++) {
    writer.bool(true)
    writer.uint32(YpStat.TRUE)
    writer.string(passwdOf(index))
    writer.string(nameOf(index))
  }
  writer.bool(true)
  writer.uint32(YpStat.NOMORE)
  writer.string('')
  writer.string('')
  writer.bool(false)
  const body = writer.written()
  const parts: Buffer[] = []
  for (let at = 0; at < body.length; at += FRAGMENT_BYTES) {
    const end = Math.min(body.length, at + FRAGMENT_BYTES)
    const mark = Buffer.alloc(MARK_BYTES)
    writeMark(mark, 0, end - at, end === body.length)
    parts.push(mark, body.subarray(at, end))
  }
  return Buffer.concat(parts)
}
