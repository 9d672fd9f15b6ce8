/**
 * Lets the real programs talk, and writes what they said to the *.json of this folder. Each message is decoded
 * and held against what the scenario says it must be; the first difference ends the capture.
 */

import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  LAB_DOMAIN,
  labFolder,
  run,
  runOrFail,
  startRpcbind,
  startYpbind,
  startYpserv,
} from '../support/lab.ts'
import { decodeCall, decodeReply } from './decode.ts'
import type { Exchange } from './messages.ts'
import { procedureName, RPCBIND, YP } from './procedures.ts'
import { startRecorder } from './recorder.ts'
import type { Expected, Scenario } from './scenarios.ts'
import { BIND, PORT, REGISTER, SCENARIOS, SERVED, UNREGISTER } from './scenarios.ts'
import type { Expectation, Vector } from './vectors.ts'

/** `libnss_nis 3.1`: as the program calls itself, with the version that its package has without Debian's revision. */
async function sourceOf(packageName: string): Promise<string> {
  const version = await runOrFail('dpkg-query', ['-W', '-f', '${Version}', packageName])
  const upstream = version.replace(/-[^-]*$/, '').replace(/\+ds$/, '')
  return `${{ 'libnss-nis': 'libnss_nis', libtirpc3: 'libtirpc' }[packageName] ?? packageName} ${upstream}`
}

function check(what: string, said: Expectation, expected: Expectation, free: readonly string[]): void {
  const fields = Object.entries(said).filter(([field]) => !free.includes(field))
  assert.deepStrictEqual(Object.fromEntries(fields), expected, what)
}

async function vectorsOf(
  scenario: Omit<Scenario, 'command'>,
  { transport, program, version, procedure, call, reply }: Exchange,
  expected: Expected,
  number: number,
): Promise<Vector[]> {
  const title = `${scenario.name}: ${number} ${expected.procedure}`
  assert.equal(procedureName(program, version, procedure), expected.procedure, title)
  const where = { transport, program, version, procedure }

  const said = decodeCall(call.bytes)
  const { chosen = [] } = scenario
  check(`${title} call`, said, expected.call, ['xid', 'credential', ...chosen])
  assert.partialDeepStrictEqual(said['credential'], scenario.credential ?? { flavor: 'AUTH_NONE' }, title)
  const source = await sourceOf(scenario.package)
  const vectors: Vector[] = [
    {
      name: `${title} call`,
      source,
      ...where,
      direction: 'call',
      hex: call.raw.toString('hex'),
      expect: said,
    },
  ]

  assert.equal(reply === undefined, expected.reply === undefined, `${title}: silence`)
  if (reply !== undefined && expected.reply !== undefined) {
    const answer = decodeReply(program, version, procedure, reply.bytes)
    check(`${title} reply`, answer, expected.reply, ['xid', ...chosen])
    for (const field of ['xid', ...chosen]) assert.equal(answer[field], said[field], `${title} ${field}`)
    vectors.push({
      name: `${title} reply`,
      source: await sourceOf(program === RPCBIND ? 'rpcbind' : 'ypserv'),
      ...where,
      direction: 'reply',
      hex: reply.raw.toString('hex'),
      expect: answer,
    })
  }
  return vectors
}

const files = new Map<string, Vector[]>()
const rpcbind = await startRpcbind()
const recorder = await startRecorder('/run/rpcbind.sock')

async function capture<T>(scenario: Omit<Scenario, 'command'>, action: () => Promise<T>): Promise<T> {
  const { program = YP, transport, ignore = [], first = Infinity } = scenario
  let result: T | undefined
  const all = await recorder.record(async () => (result = await action()))
  const exchanges = all
    .filter((exchange) => exchange.program === program)
    .filter((exchange) => transport === undefined || exchange.transport === transport)
    .filter(({ program, version, procedure }) => !ignore.includes(procedureName(program, version, procedure)))
    .slice(0, first)

  const { expected } = scenario
  const list = typeof expected === 'function' ? expected(String(result)) : expected
  const heard = exchanges.map((one) => procedureName(one.program, one.version, one.procedure))
  assert.deepEqual(
    heard,
    list.map(({ procedure }) => procedure),
    `${scenario.name}: other calls than expected`,
  )
  const vectors = files.get(scenario.file) ?? []
  files.set(scenario.file, vectors)
  for (const [index, exchange] of exchanges.entries()) {
    const one = list[index]
    if (one !== undefined) vectors.push(...(await vectorsOf(scenario, exchange, one, index + 1)))
  }
  return result as T
}

const program = join(labFolder('calls'), 'calls')
const source = join(import.meta.dirname, 'calls.c')
await runOrFail('gcc', ['-Wall', '-I/usr/include/tirpc', '-o', program, source, '-ltirpc', '-lnsl'])

const ypserv = await capture(REGISTER, () => startYpserv({ domain: LAB_DOMAIN, maps: SERVED, port: PORT }))
const ypbind = await capture(BIND, () => startYpbind())
for (const scenario of SCENARIOS) {
  const command = ['-c', scenario.command]
  await capture(scenario, async () => (await run('bash', command, { env: { CALLS: program } })).stdout)
}
await capture(UNREGISTER, () => ypserv.stop())
await ypbind.stop()
await recorder.stop()
await rpcbind.stop()

for (const [name, vectors] of files) {
  const names = new Set(vectors.map((vector) => vector.name))
  assert.equal(names.size, vectors.length, `${name}: two vectors of one name`)
  const file = join(import.meta.dirname, `${name}.json`)
  writeFileSync(file, JSON.stringify(vectors))
  await runOrFail('biome', ['format', '--write', file])
  console.log(`${name}.json: ${vectors.length} vectors`)
}
