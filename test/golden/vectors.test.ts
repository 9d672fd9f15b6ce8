import { expect, test } from 'vitest'
import { decodeCall, decodeReply } from './decode.ts'
import { records } from './messages.ts'
import { YP } from './procedures.ts'
import type { Vector } from './vectors.ts'
import { readVectors } from './vectors.ts'

const FILES = ['yp-tools', 'libnss-nis', 'calls', 'rpcbind']
const vectors = FILES.flatMap(readVectors)
const ofYp = vectors.filter(({ program, version }) => program === YP && version === 2)

/** The message itself, without the record marks of a stream. */
function message({ transport, hex }: Vector): Buffer {
  const raw = Buffer.from(hex, 'hex')
  if (transport === 'udp') return raw
  const [record, ...more] = records(raw)
  if (record === undefined || more.length > 0) throw new Error('not one record')
  return record.bytes
}

test.each(FILES)('in %s.json the bytes say what the vectors expect', (file) => {
  const all = readVectors(file)
  expect(all.length).toBeGreaterThan(40)
  for (const vector of all) {
    const { name, program, version, procedure, direction, expect: expected } = vector
    const bytes = message(vector)
    const said = direction === 'call' ? decodeCall(bytes) : decodeReply(program, version, procedure, bytes)
    expect({ name, said }).toEqual({ name, said: expected })
  }
})

test('no two vectors have one name', () => {
  expect(new Set(vectors.map(({ name }) => name)).size).toBe(vectors.length)
})

test('every procedure of YP is called and answered', () => {
  for (const direction of ['call', 'reply']) {
    const procedures = ofYp
      .filter((vector) => vector.direction === direction)
      .map(({ procedure }) => procedure)
    expect([...new Set(procedures)].filter((procedure) => procedure <= 12).sort((a, b) => a - b)).toEqual([
      0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12,
    ])
  }
})

test('every status that ypserv gives is there', () => {
  const replies = ofYp.filter(({ direction }) => direction === 'reply')
  const statuses = replies.flatMap(({ expect: { status, records } }) =>
    Array.isArray(records) ? records.map((record: { status: number }) => record.status) : [status],
  )
  for (const status of [1, 2, -1, -2, -3, -7, -14]) expect(statuses).toContain(status)
  const accepted = vectors.map(({ expect: { accept } }) => accept)
  for (const accept of ['SUCCESS', 'PROG_UNAVAIL', 'PROG_MISMATCH', 'PROC_UNAVAIL', 'GARBAGE_ARGS']) {
    expect(accepted).toContain(accept)
  }
})
