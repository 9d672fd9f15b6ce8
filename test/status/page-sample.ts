/**
 * What a daemon tells after a day: of two domains one fares well, the other has lost one of its two directories. For
 * tests, and for the pictures of the documentation.
 */
import { CLIENT_MAPS, type Client, type Procedure, type RequestCount } from '../../src/messages/usage.ts'
import type { History, PageView, Refresh, Sample } from '../../src/status/view.ts'
import { domainOf, LDAP, NOW, REFRESHED, statusOf, UNASKED } from '../control/status-sample.ts'
import { seededRandom } from '../support/random.ts'

const DAY = 86_400

/** of when the oldest clients are known */
const SINCE = NOW - 40 * DAY

const MAPS = [
  ['passwd.byname', 1840],
  ['passwd.byuid', 1840],
  ['group.byname', 312],
  ['group.bygid', 312],
  ['netid.byname', 2094],
  ['netgroup', 86],
  ['hosts.byname', 411],
  ['hosts.byaddr', 398],
  ['auto.master', 3],
  ['auto.home', 1840],
] as const

const maps = () => MAPS.map(([name, records]) => ({ name, records, secure: false }))

const EXAMPLE = domainOf({
  image: {
    generation: 7,
    created: NOW - 9 * 3600,
    fresh: NOW - 214,
    users: 1840,
    groups: 312,
    maps: [...maps(), { name: 'shadow.byname', records: 1840, secure: true }],
  },
  next: NOW + 391,
  last: {
    ...REFRESHED,
    at: NOW - 213,
    took: 1310,
    entries: 2561,
    users: 1840,
    groups: 312,
    rejected: 7,
    reasons: [
      { reason: 'no value of ..., which gives the ...', rows: 3 },
      { reason: 'uid N is refused: "minimum uid" is N', rows: 1 },
      { reason: 'gecos contains a colon at byte N', rows: 1 },
      { reason: 'group name "..." is refused by the configuration', rows: 1 },
      { reason: '... is over the record limit of N bytes: N of N members left out', rows: 1 },
    ],
  },
  directories: [
    {
      ...LDAP,
      source: '192.0.2.10 port 636',
      fetched: NOW - 214,
      entries: 2561,
      took: 1180,
      next: NOW + 391,
    },
  ],
})

const FAILURE = 'ldap2.lab.example: connect 198.51.100.8 port 636: connection refused'

const LAB = domainOf({
  name: 'lab.example',
  interval: 900,
  expire: 7 * DAY,
  image: {
    generation: 41,
    created: NOW - 3 * 3600 - 1200,
    fresh: NOW - 3 * 3600 - 1260,
    users: 96,
    groups: 24,
    maps: [96, 96, 24, 24, 118].map((records, index) => ({ ...maps()[index]!, records })),
  },
  next: NOW + 184,
  last: {
    ...REFRESHED,
    outcome: 'trashed',
    at: NOW - 116,
    took: 24,
    entries: 88,
    users: 70,
    groups: 18,
    rejected: 0,
    reasons: [],
    reason: FAILURE,
  },
  directories: [
    {
      ...LDAP,
      label: 'ldap1.lab.example',
      source: '198.51.100.7 port 636',
      fetched: NOW - 117,
      entries: 88,
      took: 210,
    },
    {
      ...LDAP,
      label: 'ldap2.lab.example',
      state: 'kept',
      source: '198.51.100.8 port 636',
      fetched: NOW - 3 * 3600 - 1260,
      entries: 32,
      took: 190,
      next: NOW + 184,
      error: FAILURE,
    },
  ],
})

const REJECTED = [
  ['uid=backup,ou=people,dc=example,dc=com', 'uid 0 is refused: "minimum uid" is 1'],
  ['cn=Jürgen Weiß,ou=people,dc=example,dc=com', 'no value of homeDirectory, which gives the home'],
  ['uid=m.o\u2019brien,ou=people,dc=example,dc=com', 'gecos contains a colon at byte 11'],
  ['uid=svc-scan,ou=services,dc=example,dc=com', 'no value of gidNumber, which gives the gid'],
  ['uid=svc-print,ou=services,dc=example,dc=com', 'no value of gidNumber, which gives the gid'],
  [
    'cn=all-staff,ou=groups,dc=example,dc=com',
    'group "all-staff" is over the record limit of 1024 bytes: 611 of 702 members left out',
  ],
  ['cn=wheel,ou=groups,dc=example,dc=com', 'group name "wheel" is refused by the configuration'],
].map(([dn = '', reason = '']) => ({ directory: 'ldap.example.com', dn, reason }))

/** As office hosts ask, with a burst at eight, and a quarter of an hour in which nobody could be asked. */
function samples(): readonly Sample[] {
  const random = seededRandom(7)
  const found: Sample[] = []
  for (let at = NOW - DAY + 10; at <= NOW; at += 10) {
    const hour = (at / 3600) % 24
    if (hour > 14.2 && hour < 14.45) continue
    const office = Math.exp(-(((hour - 8) / 1.2) ** 2)) * 60 + (hour > 7 && hour < 18 ? 22 : 4)
    const burst = random() < 0.004 ? 260 * random() : 0
    const rate = Math.round(10 * (office * (0.6 + 0.8 * random()) + burst)) / 10
    const slow = random()
    found.push({
      at,
      rate,
      median: random() < 0.9 ? 32 : 64,
      p99: slow < 0.001 ? 8192 : slow < 0.01 ? 1024 : slow < 0.3 ? 512 : 256,
    })
  }
  return found
}

function refreshes(): readonly Refresh[] {
  const random = seededRandom(11)
  const found: Refresh[] = []
  for (let at = NOW - DAY + 300; at < NOW - 60; at += 590 + 20 * random()) {
    const outcome = random() < 0.05 ? 'published' : 'unchanged'
    const took = Math.round(1180 + 300 * random() + (random() < 0.03 ? 2500 : 0))
    found.push({ ...REFRESHED, domain: 'example.com', outcome, at: Math.round(at), took })
  }
  for (let at = NOW - DAY + 120; at < NOW - 3 * 3600 - 1200; at += 880 + 40 * random()) {
    const outcome = random() < 0.2 ? 'published' : 'unchanged'
    found.push({
      ...REFRESHED,
      domain: 'lab.example',
      outcome,
      at: Math.round(at),
      took: Math.round(200 + 60 * random()),
    })
  }
  for (let at = NOW - 3 * 3600 - 340; at < NOW - 60; at += 290 + 20 * random()) {
    const took = random() < 0.15 ? 10_004 : Math.round(15 + 20 * random())
    found.push({
      ...REFRESHED,
      domain: 'lab.example',
      outcome: 'trashed',
      at: Math.round(at),
      took,
      reason: FAILURE,
    })
  }
  return found.sort((a, b) => a.at - b.at)
}

export const HISTORY: History = { samples: samples(), refreshes: refreshes() }

const USES: readonly (readonly [readonly Procedure[], number])[] = [
  [['domain', 'match', 'all'], 5],
  [['null', 'domain', 'match', 'first', 'next', 'all', 'master', 'order'], 10],
  [['domain', 'match'], 2],
  [['domain'], 0],
  [['domain', 'all'], 3],
]

/** So many, the last of whom was seen weeks ago. */
export function clientsOf(length: number): readonly Client[] {
  const random = seededRandom(5)
  const clients = Array.from({ length }, (_, index) => {
    const [procedures, used] = USES[Math.floor(random() * USES.length)]!
    const last = NOW - Math.round(2 * 1.38 ** Math.min(index, 44) + 3 * random())
    return {
      address: index % 9 === 4 ? `2001:db8:7::${(index + 16).toString(16)}` : `192.0.2.${20 + (index % 230)}`,
      first: Math.max(SINCE, last - Math.round(40 * DAY * random())),
      last,
      calls: Math.round(10 ** (1 + 5 * random())),
      procedures,
      maps: MAPS.slice(0, Math.min(used, CLIENT_MAPS)).map(([map]) => ({
        domain: index % 4 === 3 ? 'lab.example' : 'example.com',
        map,
      })),
    }
  })
  return clients.sort((a, b) => b.last - a.last)
}

const USAGE: readonly RequestCount[] = (
  [
    ['null', '', '', 'success', 310],
    ['domain', 'example.com', '', 'success', 40_210],
    ['domain', 'lab.example', '', 'success', 6120],
    ['domain_nonack', '', '', 'silence', 88],
    ['match', 'example.com', 'passwd.byname', 'true', 604_119],
    ['match', 'example.com', 'passwd.byname', 'nokey', 51_220],
    ['match', 'example.com', 'passwd.byuid', 'true', 388_102],
    ['match', 'example.com', 'group.bygid', 'true', 140_334],
    ['match', 'example.com', 'netgroup', 'true', 20_310],
    ['match', 'example.com', 'netgroup', 'nokey', 91_877],
    ['match', 'example.com', 'auto.home', 'true', 30_022],
    ['match', 'example.com', '', 'nomap', 2044],
    ['all', 'example.com', 'group.byname', 'true', 61_005],
    ['all', 'example.com', 'passwd.byname', 'true', 412],
    ['first', 'example.com', 'hosts.byname', 'true', 6],
    ['next', 'example.com', 'hosts.byname', 'true', 2466],
    ['next', 'example.com', 'hosts.byname', 'nomore', 6],
    ['order', 'example.com', 'passwd.byname', 'true', 96],
    ['master', 'example.com', 'passwd.byname', 'true', 96],
    ['match', 'lab.example', 'passwd.byname', 'true', 12_066],
    ['all', 'lab.example', 'group.byname', 'true', 3020],
    ['xfr', '', '', 'success', 2],
    ['other', '', '', 'prog_mismatch', 31],
  ] as const
).map(([procedure, domain, map, outcome, calls]) => ({ procedure, domain, map, outcome, calls }))

export const PAGE_VIEW: PageView = {
  status: statusOf(
    {},
    {
      version: '0.1.0',
      started: NOW - 12 * DAY - 7200,
      domains: [EXAMPLE, LAB],
      endpoints: [
        { netid: 'udp', address: '0.0.0.0', port: 834, registered: true },
        { netid: 'tcp', address: '0.0.0.0', port: 834, registered: true },
        { netid: 'udp6', address: '::', port: 834, registered: true },
        { netid: 'tcp6', address: '::', port: 834, registered: true },
      ],
      metrics: [{ address: '127.0.0.1', port: 10_004 }],
      transport: 'UDP: up to 64 datagrams by one system call',
      requests: {
        udp: {
          calls: 1_424_102,
          replies: 1_423_601,
          strangers: 412,
          undecodable: 0,
          limited: 36,
          tooLarge: 17,
          unsent: 0,
          receiveErrors: 0,
        },
        tcp: {
          calls: 64_437,
          replies: 64_437,
          strangers: 3,
          undecodable: 0,
          connections: 63_990,
          open: 12,
          refused: 0,
          closedTooLong: 0,
          closedFragments: 0,
          closedIdle: 1204,
          closedUnfinished: 2,
          closedStalled: 0,
          closedOutbound: 0,
        },
        latency: UNASKED.latency,
        clients: { since: SINCE, forgotten: 0 },
      },
      processes: [
        { role: 'supervisor', pid: 812, started: NOW - 12 * DAY - 7200, restarts: 0, memory: 58 * 2 ** 20 },
        { role: 'directory', pid: 4117, started: NOW - 2 * DAY, restarts: 1, memory: 121 * 2 ** 20 },
        { role: 'server', pid: 815, started: NOW - 12 * DAY - 7200, restarts: 0, memory: 84 * 2 ** 20 },
        { role: 'status', pid: 816, started: NOW - 12 * DAY - 7200, restarts: 0, memory: 71 * 2 ** 20 },
      ],
    },
  ),
  usage: USAGE,
  history: HISTORY,
  clients: clientsOf(40),
  rejected: [{ domain: 'example.com', rows: REJECTED }],
}

/** A daemon that was just started: nothing has been asked, measured or refreshed yet. */
export const NEW_VIEW: PageView = {
  status: statusOf({ image: null, last: null, next: 0, refreshing: true }),
  usage: [],
  history: { samples: [], refreshes: [] },
  clients: [],
  rejected: [],
}
