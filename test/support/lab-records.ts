import { YpStat } from '../../rpc/yp.ts'
import { LAB_DOMAIN } from './lab-host.ts'
import type { YpClient } from './yp-client.ts'

type Records = readonly (readonly [key: string, value: string])[]

/** All records of a map, as text, in the order of the server; an error unless it sends all. */
export async function recordsOf(client: YpClient, map: string, domain = LAB_DOMAIN): Promise<Records> {
  const steps = await client.all(domain, map)
  const status = steps.at(-1)?.status
  if (status !== YpStat.NOMORE) throw new Error(`ALL of ${map} ended with status ${status}`)
  return steps.slice(0, -1).map(({ key, value }) => [utf8(key), utf8(value)])
}

const utf8 = (octets: string) => Buffer.from(octets, 'latin1').toString('utf8')

/** The same records in ascending order of their keys. */
export function byKey(records: Records): Records {
  return records.toSorted(([a], [b]) => (a < b ? -1 : 1))
}

/** Lines of groups with their members sorted: servers have no order for the values of an attribute. */
export function anyOrder(records: Records): Records {
  return records.map(([key, value]) => {
    const [name, passwd, gid, members = ''] = value.split(':')
    return [key, [name, passwd, gid, members.split(',').sort().join(',')].join(':')]
  })
}
