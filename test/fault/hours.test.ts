/** A directory that is gone for hours, in fake time: the directory process's side, and the answers and their expiry. */
import { setImmediate } from 'node:timers/promises'
import { afterEach, expect, test, vi } from 'vitest'
import { XdrWriter } from '../../rpc/xdr-writer.ts'
import { YpProcedure as P, YP_PROGRAM, YP_VERSION, YpStat } from '../../rpc/yp.ts'
import { encodeDomain, encodeKey } from '../../rpc/yp-arguments.ts'
import { watchExpiry } from '../../src/server/expiry.ts'
import { Responder } from '../../src/server/responder.ts'
import { Served } from '../../src/server/served.ts'
import { domainOf } from '../config/check.ts'
import { answerSearches, usePeer } from '../directory/peer-scripts.ts'
import { type DirectoryLab, startDirectory } from '../support/directory-side.ts'
import { figure } from '../support/figure.ts'
import { readReply } from '../support/rpc-codec.ts'
import { HERE } from '../support/rules.ts'
import { encodeYpCall } from '../support/yp-client.ts'

const LONG = process.env['YPLDAP_LONG'] === '1'
const HOURS = LONG ? 72 : 6
const EXPIRE_HOURS = HOURS / 3
const MINUTE = 60
const HOUR = 60 * MINUTE
/** The longest time between two tries (src/directory/schedule.ts), and a tenth. */
const RETRY = 330

const domain = 'example.com'

afterEach(() => {
  vi.useRealTimers()
})

/** Lets seconds pass, and what is due then be done: connections are real, and take milliseconds of fake time. */
async function pass(lab: DirectoryLab, seconds: number): Promise<void> {
  vi.advanceTimersByTime(seconds * 1000)
  for (let turn = 0; turn < 5 || isBusy(lab); turn++) {
    vi.advanceTimersByTime(1)
    await setImmediate()
  }
}

function isBusy({ said, latest }: DirectoryLab): boolean {
  return !said.some(({ kind }) => kind === 'state') || latest().refreshing || latest().last === null
}

/** Answers from the image that the directory side has committed. */
async function serverOf(lab: DirectoryLab) {
  const served = new Served()
  const clock = { now: () => Date.now() / 1000, uptime: () => performance.now() / 1000 }
  const expiry = watchExpiry(
    served,
    () => {},
    () => {},
    clock,
  )
  const image = await lab.image()
  served.serve(image)
  expiry.setFresh(domain, lab.latest().published!.fresh)
  expiry.setLimit(domain, EXPIRE_HOURS * HOUR)
  const responder = new Responder(served)
  const ask = (procedure: number, encode: (writer: XdrWriter) => void) => {
    const call = encodeYpCall({ procedure, encode })
    const head = new XdrWriter(Buffer.alloc(256))
    if (!responder.respond(call, 0, call.length, { reserved: false, limit: Infinity, ...HERE }, head))
      return {}
    const { body, bodyStart, bodyEnd } = responder
    const rest = body?.subarray(bodyStart, bodyEnd) ?? Buffer.alloc(0)
    return readReply(
      { program: YP_PROGRAM, version: YP_VERSION, procedure },
      Buffer.concat([head.written(), rest]),
    ).fields
  }
  return {
    match: () => ask(P.MATCH, (writer) => encodeKey(writer, domain, 'passwd.byname', 'u1'))['status'],
    isVouchedFor: () => ask(P.DOMAIN, (writer) => encodeDomain(writer, domain))['served'],
    stop: () => expiry.stop(),
  }
}

test(`${HOURS} hours without LDAP: every answer comes, the age shows, and only what is set to expire does`, async () => {
  vi.useFakeTimers({
    toFake: ['Date', 'performance', 'setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'],
    now: new Date('2026-03-01T12:00:00Z'),
  })
  const peer = await usePeer(answerSearches)
  const lab = startDirectory()
  lab.configure(
    domainOf(`domain "${domain}"\ninterval 600\ndirectory "127.0.0.1" port ${peer.port} { basedn "dc=x" }`),
  )
  await pass(lab, 0)
  const { fresh } = lab.latest().published!
  const server = await serverOf(lab)
  try {
    await peer.stop()
    let answers = 0
    let longest = 0
    const tries = new Set<number>()
    for (let minute = 1; minute <= HOURS * 60; minute++) {
      await pass(lab, MINUTE)
      expect(server.match()).toBe(YpStat.TRUE)
      answers += 1
      const { published, last } = lab.latest()
      expect(published!.fresh).toBe(fresh)
      const age = Math.round(Date.now() / 1000) - fresh
      expect(server.isVouchedFor()).toBe(age <= EXPIRE_HOURS * HOUR)
      tries.add(last!.at)
      longest = Math.max(longest, Math.round(Date.now() / 1000) - last!.at)
    }
    expect(lab.latest().last).toMatchObject({ outcome: 'trashed' })
    expect(lab.latest().last!.reason).toContain('ECONNREFUSED')
    // It was tried all the while, and never less often than said.
    expect(longest).toBeLessThan(600 * 1.1 + RETRY)
    expect(tries.size).toBeGreaterThan((HOURS * HOUR) / (RETRY + MINUTE) - 10)

    await usePeer(answerSearches, { port: peer.port })
    await pass(lab, RETRY)
    expect(lab.latest().last).toMatchObject({ outcome: 'unchanged' })
    expect(lab.latest().published!.fresh).toBeGreaterThan(fresh + HOURS * HOUR)
    figure(
      'G9',
      `${HOURS} hours without a directory, in fake time: ${answers.toLocaleString('en-US')} of ` +
        `${answers.toLocaleString('en-US')} answers right, ${tries.size} tries; DOMAIN FALSE after ${EXPIRE_HOURS} hours, as ` +
        'set',
    )
  } finally {
    server.stop()
    vi.useRealTimers()
    await lab.stop()
  }
}, 600_000)
