import { describe, expect, test } from 'vitest'
import { packClients, unpackClients } from '../../src/messages/packed-clients.ts'
import { CLIENT_MAPS, type Client, type NamedMap, packedClients } from '../../src/messages/usage.ts'

const MAPS: readonly NamedMap[] = Array.from({ length: CLIENT_MAPS }, (_, n) => ({
  domain: 'd'.repeat(64),
  map: `auto.${n}`.padEnd(64, '.'),
}))

const client = (address: string, maps: readonly NamedMap[]): Client => ({
  address,
  first: 1,
  last: 2,
  calls: 3,
  procedures: ['match'],
  maps,
})

describe('clients in a message', () => {
  test('are the same behind it', () => {
    const clients = [
      client('192.0.2.1', MAPS.slice(0, 3)),
      client('192.0.2.2', []),
      client('::1', MAPS.slice(2)),
    ]
    const packed = packClients(clients)
    expect(packed.maps).toEqual(MAPS)
    expect(unpackClients(packedClients(JSON.parse(JSON.stringify(packed)), 'message'))).toEqual(clients)
  })

  test('name each map once, so that the longest list there may be takes 4 MB', () => {
    const part = packClients(
      Array.from({ length: 200 }, () => client('2001:db8:1111:2222:3333:4444:5555:6666', MAPS)),
    )
    expect((JSON.stringify(part).length * 8192) / 200).toBeLessThan(4_500_000)
  })

  test('use no map that is not there', () => {
    const { maps: _, clients } = packClients([client('192.0.2.1', MAPS.slice(0, 1))])
    expect(unpackClients({ maps: [], clients })[0]?.maps).toEqual([])
  })
})
