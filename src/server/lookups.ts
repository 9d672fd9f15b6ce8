/**
 * What the supervisor asks of the maps for those who administer them, records with hashes too. An answer goes out
 * part by part, each when it is asked for, and all from the image that was served when it began.
 */
import { XdrReader } from '../../rpc/xdr-reader.ts'
import type { Image, MapView } from '../maps/image.ts'
import { octets } from '../messages/common.ts'
import { PART_CHARACTERS, PART_ITEMS } from '../messages/limits.ts'
import type { FromServer } from '../messages/server.ts'
import { OPEN_LOOKUPS } from './limits.ts'
import type { Served } from './served.ts'

type MapRecord = Extract<FromServer, { kind: 'records' }>['records'][number]
type Parts = Generator<readonly MapRecord[], void>

export interface Lookups {
  readonly match: (id: number, map: string, key: string) => void
  readonly cat: (id: number, map: string) => void
  readonly more: (id: number) => void
  readonly drop: (id: number) => void
}

export function createLookups(served: Served, send: (message: FromServer) => void): Lookups {
  const open = new Map<number, Parts>()

  const next = (id: number, parts: Parts) => {
    try {
      const { value } = parts.next()
      if (value !== undefined) return send({ kind: 'records', id, records: value })
      send({ kind: 'end', id })
    } catch (error) {
      send({ kind: 'end', id, error: (error as Error).message })
    }
    open.delete(id)
  }

  const begin = (id: number, parts: Parts) => {
    if (open.size >= OPEN_LOOKUPS) {
      return send({ kind: 'end', id, error: 'too many requests at once: try again' })
    }
    open.set(id, parts)
    next(id, parts)
  }

  return {
    match: (id, map, key) => begin(id, matchParts(served.image, map, key)),
    cat: (id, map) => begin(id, catParts(served.image, map)),
    more(id) {
      const parts = open.get(id)
      if (parts === undefined) send({ kind: 'end', id, error: 'there is no such request' })
      else next(id, parts)
    },
    drop: (id) => void open.delete(id),
  }
}

function* matchParts(image: Image | undefined, map: string, key: string): Parts {
  const [{ bytes }, view] = findMap(image, map)
  const wanted = Buffer.from(key, 'latin1')
  const number = view.find(wanted, 0, wanted.length)
  const record = number < 0 ? undefined : readRecord(bytes, view, number)
  // A key of more than bytes is none: what latin1 made of it may well be one.
  if (record?.key !== key) throw new Error(`no such key in ${map}`)
  yield [record]
}

function* catParts(image: Image | undefined, map: string): Parts {
  const [{ bytes }, view] = findMap(image, map)
  let part: MapRecord[] = []
  let characters = 0
  for (let number = 0; number < view.count; number++) {
    const record = readRecord(bytes, view, number)
    part.push(record)
    characters += record.key.length + record.value.length
    if (part.length === PART_ITEMS || characters >= PART_CHARACTERS) {
      yield part
      part = []
      characters = 0
    }
  }
  if (part.length > 0) yield part
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
