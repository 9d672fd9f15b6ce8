import fc from 'fast-check'
import { expect, test } from 'vitest'
import { XdrWriter } from '../../rpc/xdr-writer.ts'
import { YpProcedure as P, YP_PROGRAM, YP_VERSION, YpStat } from '../../rpc/yp.ts'
import { encodeKey, encodeNoKey } from '../../rpc/yp-arguments.ts'
import type { KeyAnswer } from '../../rpc/yp-results.ts'
import { Responder } from '../../src/server/responder.ts'
import { Served } from '../../src/server/served.ts'
import { figure } from '../support/figure.ts'
import { imageOf, rows, user } from '../support/rows.ts'
import { readReply } from '../support/rpc-codec.ts'
import { HERE } from '../support/rules.ts'
import { encodeYpCall } from '../support/yp-client.ts'

// A client walks a map by FIRST and NEXT while one image follows the other, in every order of steps.

const domain = 'example.com'
const map = 'passwd.byname'
const LONG = process.env['YPLDAP_LONG'] === '1'
const RUNS = LONG ? 5000 : 300

/** Names of which one begins with the other, or differs by a byte over 127, are next to each other. */
const POOL = [
  'a',
  'aa',
  'ab',
  'b',
  'b-',
  'b1',
  'c',
  'd',
  'dd',
  'e',
  'z',
  'z\u00e9',
  '\u00e9',
  '\u00fc',
] as const

class Server {
  readonly #served = new Served()
  readonly #responder = new Responder(this.#served)
  generation = 0

  publish(names: readonly string[]): void {
    const users = names.map((name, i) => user({ name, uid: String(10_000 + i) }))
    this.#served.serve(imageOf([rows(users)], { generation: ++this.generation, maps: [map] }))
    this.#responder.forget()
  }

  ask(procedure: number, key?: string): KeyAnswer {
    const call = encodeYpCall({
      procedure,
      encode: (writer) =>
        key === undefined ? encodeNoKey(writer, domain, map) : encodeKey(writer, domain, map, key),
    })
    const head = new XdrWriter(Buffer.alloc(256))
    const caller = { reserved: false, limit: Infinity, ...HERE }
    if (!this.#responder.respond(call, 0, call.length, caller, head)) throw new Error('silence')
    const { body, bodyStart, bodyEnd } = this.#responder
    const rest = body?.subarray(bodyStart, bodyEnd) ?? Buffer.alloc(0)
    return readReply(
      { program: YP_PROGRAM, version: YP_VERSION, procedure },
      Buffer.concat([head.written(), rest]),
    ).fields as unknown as KeyAnswer
  }
}

/** What a walk must and may give. */
interface Model {
  now: readonly string[]
  /** in every image since the walk began, and in any */
  always: Set<string>
  ever: Set<string>
  walked: string[] | undefined
}

type Command = fc.Command<Model, Server>

class Publish implements Command {
  readonly names: readonly string[]

  constructor(names: readonly string[]) {
    this.names = names
  }

  check = () => true

  run(model: Model, server: Server): void {
    server.publish(this.names)
    model.now = this.names
    model.always = new Set([...model.always].filter((name) => this.names.includes(name)))
    for (const name of this.names) model.ever.add(name)
  }

  toString = () => `publish ${this.names.join(' ')}`
}

class First implements Command {
  check = () => true

  run(model: Model, server: Server): void {
    model.always = new Set(model.now)
    model.ever = new Set(model.now)
    model.walked = []
    step(model, server.ask(P.FIRST))
  }

  toString = () => 'first'
}

class Next implements Command {
  check = ({ walked }: Model) => walked !== undefined && walked.length > 0

  run(model: Model, server: Server): void {
    step(model, server.ask(P.NEXT, model.walked?.at(-1)))
  }

  toString = () => 'next'
}

/** On with the walk, or its end: then none that was there all the while may be missing. */
function step(model: Model, { status, key }: KeyAnswer): void {
  const walked = model.walked!
  if (status === YpStat.TRUE) {
    expect(model.now).toContain(key)
    expect(walked).not.toContain(key)
    walked.push(key)
    return
  }
  expect(status).toBe(YpStat.NOMORE)
  expect(walked.every((name) => model.ever.has(name))).toBe(true)
  expect([...model.always].filter((name) => !walked.includes(name))).toEqual([])
  model.walked = undefined
}

test(`a walk across publications gives who is in all of them exactly once, in ${RUNS} histories`, () => {
  const names = fc.uniqueArray(fc.constantFrom(...POOL), { minLength: 1 })
  let [walks, publications] = [0, 0]
  const commands = fc.commands(
    [
      names.map((list) => new Publish(list)),
      fc.constant(new First()),
      fc.constant(new Next()),
      fc.constant(new Next()),
      fc.constant(new Next()),
    ],
    { size: 'large', maxCommands: 100 },
  )
  fc.assert(
    fc.property(names, commands, (first, history) => {
      const server = new Server()
      server.publish(first)
      const model: Model = { now: first, always: new Set(), ever: new Set(), walked: undefined }
      fc.modelRun(() => ({ model, real: server }), history)
      // What was begun is walked to its end.
      if (model.walked === undefined) new First().run(model, server)
      while (model.walked !== undefined) new Next().run(model, server)
      walks += 1
      publications += server.generation - 1
    }),
    { numRuns: RUNS },
  )
  expect(walks).toBeGreaterThanOrEqual(RUNS)
  expect(publications).toBeGreaterThan(RUNS)
  figure(
    'G4',
    `${RUNS.toLocaleString('en-US')} histories, ${publications.toLocaleString('en-US')} publications: nobody skipped or twice`,
  )
}, 600_000)
