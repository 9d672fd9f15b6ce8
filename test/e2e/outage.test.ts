import { afterEach, expect, test } from 'vitest'
import type { Status } from '../../src/messages/control.ts'
import { figure } from '../support/figure.ts'
import {
  exampleConf,
  LAB_DOMAIN,
  startSlapd,
  startYpldap,
  untilLogged,
  waitUntil,
  type Ypldap,
} from '../support/lab.ts'
import { generationLdif, startLoad } from '../support/steady-load.ts'

// Clients must never notice that LDAP was down.

const LONG = process.env['YPLDAP_LONG'] === '1'
const OUTAGES = LONG ? 30 : 5
const PORT = 834
const SUFFIX = 'dc=example,dc=com'

const ending: (() => unknown)[] = []
afterEach(async () => {
  for (const end of ending.splice(0)) await end()
})

const statusOf = async (ypldap: Ypldap) => JSON.parse((await ypldap.ctl('--json')).stdout) as Status

test(`${OUTAGES} times slapd goes and comes back under steady load: not one answer is lost or late or other`, async () => {
  const slapd = await startSlapd({
    ldif: `dn: ${SUFFIX}\nobjectClass: domain\ndc: example\n\n${generationLdif(1)}`,
    suffix: SUFFIX,
  })
  ending.unshift(() => slapd.stop('SIGKILL'))
  const ypldap = await startYpldap(
    exampleConf(slapd, { global: ['bind local', `listen on 127.0.0.1 port ${PORT}`], interval: 1 }),
  )
  ending.unshift(() => ypldap.stop())
  await untilLogged(ypldap, 'published')
  const load = await startLoad(LAB_DOMAIN, PORT, 1)
  try {
    await waitUntil('answers come', () => load.report().matches > 50 && load.report().alls > 0)
    for (let outage = 1; outage <= OUTAGES; outage++) {
      await slapd.stop('SIGKILL')
      await waitUntil('the outage is noticed', async () => {
        const { last, directories } = (await statusOf(ypldap)).domains[0]!
        return last?.outcome === 'trashed' && directories[0]!.error.includes('ECONNREFUSED')
      })
      const domain = (await statusOf(ypldap)).domains[0]!
      // Its age shows, and when it is tried again.
      await waitUntil('a further try has failed', async () => {
        const now = (await statusOf(ypldap)).domains[0]!
        expect(now.image?.fresh).toBe(domain.image?.fresh)
        return now.last!.at > domain.last!.at
      })
      await slapd.start()
      await waitUntil('it is read again', async () => {
        const now = (await statusOf(ypldap)).domains[0]!
        return now.image!.fresh > domain.image!.fresh && now.directories[0]!.state === 'fresh'
      })
    }
  } finally {
    await load.stop()
  }
  const { latencies, ...report } = load.report()
  const { length } = latencies
  console.log(
    JSON.stringify({ ...report, 'p99 ms': latencies[Math.floor(length * 0.99)], 'max ms': latencies.at(-1) }),
  )
  figure(
    'G9',
    `${OUTAGES} outages of slapd under load: ${report.matches.toLocaleString('en-US')} answers, ${report.lost.length} lost, ` +
      `${report.wrong.length} wrong`,
  )
  expect(report).toMatchObject({ lost: [], wrong: [], resent: 0, reconnected: 0 })
}, 300_000)
