import { afterAll, beforeAll, expect, test } from 'vitest'
import type { LabProcess } from '../support/lab.ts'
import {
  askNisForServices,
  FLAT_FILES,
  getent,
  innetgr,
  LAB_DOMAIN,
  makeMaps,
  NETGROUP_READINGS,
  netnameToUser,
  publicKey,
  READINGS,
  startRpcbind,
  startYpbind,
  startYpserv,
} from '../support/lab.ts'

// What a Linux client shows of the maps of /var/yp/Makefile that ypserv serves: the reference for maps of the same names
// that are made of a directory.

const running: LabProcess[] = []

beforeAll(async () => {
  running.unshift(await startRpcbind())
  running.unshift(await startYpserv({ domain: LAB_DOMAIN, maps: await makeMaps(FLAT_FILES), port: 834 }))
  running.unshift(await startYpbind())
  askNisForServices()
})

afterAll(async () => {
  for (const daemon of running) await daemon.stop()
})

test.each(READINGS)('getent %s %j', async (database, keys, lines) => {
  expect(await getent(database, ...keys)).toEqual(lines)
})

test.each(NETGROUP_READINGS)('innetgr%j is %s', async (question, answer) => {
  expect(await innetgr(...question)).toBe(answer)
})

test('the library of secure RPC finds keys and users by their netnames', async () => {
  expect(await publicKey(`unix.ws1@${LAB_DOMAIN}`)).toBe('abcdef0123456789')
  expect(await publicKey(`unix.nobody@${LAB_DOMAIN}`)).toBe('')
  expect(await netnameToUser(`unix.10001@${LAB_DOMAIN}`)).toBe('10001:20001,20003,20002')
})
