/**
 * Says how many milliseconds of one core a fresh process takes for what comes behind the fetch where groups and
 * netgroups are nested: members by DN made flat, netgroups turned round, and the image of all that.
 */
import { createGatherer } from '../../src/directory/gather.ts'
import { buildImage } from '../../src/maps/build.ts'
import { domainOf } from '../config/check.ts'
import { makeEntry } from '../directory/samples.ts'
import { EVERYONE } from '../support/rows.ts'

const GROUPS = 20_000
const NESTED_GROUPS = 2_000
const NETGROUPS = 5_000
/** levels of groups in groups, and of netgroups in netgroups */
const DEPTH = 5
const MEMBERS = 15
const TRIPLES = 20

const users = Number(process.argv[2])
const config = domainOf(
  'domain "example.com"\nprovide maps accounts\nprovide maps netgroups\n' +
    'directory "h" {\nbasedn "dc=example,dc=com"\nschema rfc2307bis\n}\n',
)

const userDn = (index: number) => `uid=user${index % users},ou=people,dc=example,dc=com`
const groupDn = (index: number) => `cn=group${index},ou=groups,dc=example,dc=com`
/** The next one, but for the last of its chain. */
const next = <T>(index: number, last: number, name: (index: number) => T): readonly T[] =>
  index < last && index % DEPTH !== DEPTH - 1 ? [name(index + 1)] : []

const gatherer = createGatherer(config.directories[0]!, config.domain)
for (let index = 0; index < users; index++) {
  const name = `user${index}`
  gatherer.users.add(
    makeEntry(userDn(index), {
      uid: [name],
      uidNumber: [String(10_000 + index)],
      gidNumber: [String(5_000 + (index % 1_000))],
      cn: [`User ${index}`],
      homeDirectory: [`/home/${name}`],
      loginShell: ['/bin/bash'],
    }),
  )
}
for (let index = 0; index < GROUPS; index++) {
  const direct = Array.from({ length: MEMBERS }, (_, member) => userDn(index * MEMBERS + member * 7))
  gatherer.groups.add(
    makeEntry(groupDn(index), {
      cn: [`group${index}`],
      gidNumber: [String(100_000 + index)],
      member: [...direct, ...next(index, NESTED_GROUPS, groupDn)],
    }),
  )
}
const search = gatherer.others.find(({ filter }) => filter.includes('nisNetgroup'))!
for (let index = 0; index < NETGROUPS; index++) {
  const nisNetgroupTriple = Array.from({ length: TRIPLES }, (_, triple) => {
    const who = index * TRIPLES + triple
    return `(host${who % 30_000},user${who % 50_000},example.com)`
  })
  const memberNisNetgroup = next(index, NETGROUPS, (one) => `netgroup${one}`)
  search.add(
    makeEntry(`cn=netgroup${index},ou=netgroup,dc=example,dc=com`, {
      cn: [`netgroup${index}`],
      nisNetgroupTriple,
      memberNisNetgroup,
    }),
  )
}

const started = process.cpuUsage()
for (const { missing } of gatherer.named) {
  if (missing().length > 0) throw new Error('a member is nobody')
}
const rows = gatherer.gathered()
const { bytes } = buildImage([{ directory: 'h', ...rows }], {
  ...config,
  hashMaps: [],
  admission: EVERYONE,
  master: 'nis.example.com',
  created: 1_700_000_000,
  generation: 1,
  fingerprint: new Uint8Array(32),
})
const { user, system } = process.cpuUsage(started)
console.log(JSON.stringify({ milliseconds: (user + system) / 1_000, megabytes: bytes.byteLength / 1e6 }))
