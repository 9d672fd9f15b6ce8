/** Says how many milliseconds a fresh process takes to make an image of so many users out of rows. */
import { hostname } from 'node:os'
import { ORIGINAL_MAPS } from '../../src/config/builtin-maps.ts'
import { buildImage } from '../../src/maps/build.ts'
import { EVERYONE, group, provided, rows, user } from '../support/rows.ts'
import { domainOf, gecosOf, nameOf, USERS_IN_GROUP, uidOf } from './data.ts'

const count = Number(process.argv[2])
const users = Array.from({ length: count }, (_, index) =>
  user({
    name: nameOf(index),
    uid: uidOf(index),
    gecos: gecosOf(index),
    home: `/export/home/${index % 64}/${nameOf(index)}`,
    shell: '/bin/bash',
  }),
)
const groups = Array.from({ length: count / USERS_IN_GROUP }, (_, index) =>
  group({
    name: `group${index}`,
    gid: String(5000 + index),
    members: users.slice(index * USERS_IN_GROUP, (index + 1) * USERS_IN_GROUP).map(({ name }) => name),
  }),
)
const started = performance.now()
const { bytes } = buildImage([rows(users, groups)], {
  domain: domainOf(count),
  master: hostname(),
  created: 1_700_000_000,
  generation: 1,
  fingerprint: new Uint8Array(32),
  maps: ORIGINAL_MAPS.map((name) => provided(name, { recordLimit: 1024, overflow: 'cut' })),
  hashMaps: [],
  admission: EVERYONE,
  recordLimit: 1024,
  overflow: 'cut',
})
console.log(JSON.stringify({ milliseconds: performance.now() - started, megabytes: bytes.byteLength / 1e6 }))
