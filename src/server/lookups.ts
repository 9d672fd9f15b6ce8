/**
 * What the supervisor asks for those who administer maps: records, with hashes too, and who asks for them. An answer goes
 * out part by part, each when it is asked for; records all from the image that was served when it began.
 */
import { XdrReader } from '../../rpc/xdr-reader.ts'
import type { Image, MapView } from '../maps/image.ts'
import { createAnswers, type Sayings } from '../messages/answers.ts'
import { octets } from '../messages/common.ts'
import { packClients } from '../messages/packed-clients.ts'
import type { FromServer } from '../messages/server.ts'
import type { Client, RequestCount } from '../messages/usage.ts'
import type { Ledger } from './ledger.ts'
import { OPEN_LOOKUPS } from './limits.ts'
import type { Served } from './served.ts'

type MapRecord = Extract<FromServer, { kind: 'records' }>['records'][number]

export interface Lookups {
  readonly match: (id: number, domain: string, map: string, key: string) => void
  readonly cat: (id: number, domain: string, map: string) => void
  readonly usage: (id: number) => void
  readonly clients: (id: number) => void
  readonly more: (id: number) => void
  readonly drop: (id: number) => void
}

/** Characters of a line of JSON beside the names in it, and of the place of a name. */
const FRAME = 128
const PLACE = 4

export function createLookups(
  served: Served,
  ledger: Pick<Ledger, 'usage' | 'clients'>,
  send: (message: FromServer) => void,
): Lookups {
  const { begin, more, drop } = createAnswers({
    end: (id, error) => send({ kind: 'end', id, ...(error !== undefined && { error }) }),
    most: OPEN_LOOKUPS,
  })
  const records: Sayings<MapRecord> = {
    part: (id, items) => send({ kind: 'records', id, records: items }),
    size: ({ key, value }) => key.length + value.length,
  }
  const usage: Sayings<RequestCount> = {
    part: (id, items) => send({ kind: 'usage', id, usage: items }),
    size: ({ domain, map }) => FRAME + domain.length + map.length,
  }
  const clients: Sayings<Client> = {
    part: (id, items) => send({ kind: 'clients', id, clients: packClients(items) }),
    size: ({ maps }) => FRAME + PLACE * maps.length,
  }
  return {
    match: (id, domain, map, key) => begin(id, matching(served.named(domain)?.image, map, key), records),
    cat: (id, domain, map) => begin(id, allOf(served.named(domain)?.image, map), records),
    usage: (id) => void ledger.usage().then((all) => begin(id, all.values(), usage)),
    clients: (id) => void ledger.clients().then((all) => begin(id, all.values(), clients)),
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
