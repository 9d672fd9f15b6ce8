/** Clients as messages have them, and as all others do. */
import type { Client, NamedMap, PackedClients } from './usage.ts'

/** As many as fit into one part. Maps are one and the same where they are the same object. */
export function packClients(clients: readonly Client[]): PackedClients {
  const places = new Map<NamedMap, number>()
  const placeOf = (map: NamedMap) => {
    const place = places.get(map) ?? places.size
    places.set(map, place)
    return place
  }
  const packed = clients.map((client) => ({ ...client, maps: client.maps.map(placeOf) }))
  return { maps: [...places.keys()], clients: packed }
}

/** A place without a map is none. */
export function unpackClients({ maps, clients }: PackedClients): readonly Client[] {
  return clients.map((client) => ({ ...client, maps: client.maps.flatMap((place) => maps[place] ?? []) }))
}
