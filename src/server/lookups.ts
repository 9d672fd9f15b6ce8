/**
 * What the supervisor asks of the maps for those who administer them, records with hashes too. An answer goes out
 * part by part, each when it is asked for, and all from the image that was served when it began.
 */
import { XdrReader } from '../../rpc/xdr-reader.ts'
import type { Image, MapView } from '../maps/image.ts'
import { createAnswers } from '../messages/answers.ts'
import { octets } from '../messages/common.ts'
import type { FromServer } from '../messages/server.ts'
import { OPEN_LOOKUPS } from './limits.ts'
import type { Served } from './served.ts'

type MapRecord = Extract<FromServer, { kind: 'records' }>['records'][number]

export interface Lookups {
  readonly match: (id: number, domain: string, map: string, key: string) => void
  readonly cat: (id: number, domain: string, map: string) => void
  readonly more: (id: number) => void
  readonly drop: (id: number) => void
}

export function createLookups(served: Served, send: (message: FromServer) => void): Lookups {
  const { begin, more, drop } = createAnswers<MapRecord>({
    part: (id, records) => send({ kind: 'records', id, records }),
    end: (id, error) => send({ kind: 'end', id, ...(error !== undefined && { error }) }),
    size: ({ key, value }) => key.length + value.length,
    most: OPEN_LOOKUPS,
  })
  return {
    match: (id, domain, map, key) => begin(id, matching(served.named(domain)?.image, map, key)),
    cat: (id, domain, map) => begin(id, allOf(served.named(domain)?.image, map)),
    more,
    drop,
  }
}

function* matching(image: Image | undefined, map: string, key: string): Generator<MapRecord, void> {
  const [{ bytes }, view] = findMap(image, map)
  const wanted = Buffer.from(key, 'latin1')
  const number = view.find(wanted, 0, wanted.length)
  const record = number < 0 ? undefined : readRecord(bytes, view, number)
  // A key of more than bytes is none: what latin1 made of it may well be one.
  if (record?.key !== key) throw new Error(`no such key in ${map}`)
  yield record
}

function* allOf(image: Image | undefined, map: string): Generator<MapRecord, void> {
  const [{ bytes }, view] = findMap(image, map)
  for (let number = 0; number < view.count; number++) yield readRecord(bytes, view, number)
}

function findMap(image: Image | undefined, name: string): readonly [Image, MapView] {
  if (image === undefined) throw new Error('there are no maps yet')
  const view = image.maps.find((map) => map.name === name)
  if (view === undefined) throw new Error(`no such map: ${name}`)
  return [image, view]
}

/** As the messages hold it; a record that none of them could hold is an error rather than a broken message. */
function readRecord(bytes: Buffer, map: MapView, number: number): MapRecord {
  const reader = new XdrReader(bytes, map.answerStart(number) + 4, map.recordEnd(number))
  const value = octets(reader.string(bytes.length), 'value')
  return { key: octets(reader.string(bytes.length), 'key'), value }
}
