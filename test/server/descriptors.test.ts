/**
 * That the supervisor can keep the sockets rests on what Node does with handles that its cluster module uses, and
 * that it doesn't speak of elsewhere. So with real processes: bound here, read there.
 */
import type { ChildProcess } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { MARK_BYTES, writeMark } from '../../rpc/record.ts'
import { YpProcedure as P, YpStat } from '../../rpc/yp.ts'
import { waitUntil } from '../support/lab-wait.ts'
import { build, rows, user } from '../support/rows.ts'
import { readReply, writeCall } from '../support/rpc-codec.ts'
import {
  bindBoth,
  type ImageFolder,
  imageFolder,
  loading,
  settings,
  spawnServer,
} from '../support/server-side.ts'

const header = { xid: 5, program: 100004, version: 2, procedure: P.MATCH }
const match = writeCall(header, { domain: 'example.com', map: 'passwd.byname', key: 'alice' })

let folder: ImageFolder
let image: string
let running: Set<ChildProcess>
let closers: (() => void)[]

beforeEach(async () => {
  running = new Set()
  closers = []
  folder = await imageFolder()
  image = await folder.commit('image', build([rows([user()])]).bytes)
})

afterEach(async () => {
  await Promise.all([...running].map(kill))
  for (const close of closers) close()
  await folder[Symbol.asyncDispose]()
})

async function kill(child: ChildProcess): Promise<void> {
  const exit = once(child, 'exit')
  child.kill('SIGKILL')
  await exit
}

function bound(address: string) {
  const sockets = bindBoth(address)
  closers.push(sockets.tcp.close, sockets.udp.close)
  return sockets
}

/** A server process on these sockets that answers. */
async function serve(sockets: ReturnType<typeof bound>) {
  const { child, channel } = spawnServer(sockets)
  running.add(child)
  child.once('exit', () => running.delete(child))
  channel.send(settings())
  channel.send(loading(image, 0))
  channel.send({ kind: 'open' })
  await channel.next('ready')
  return { child, channel }
}

/** Whether none of a process's threads can take a call any more. */
function areStopped(pid: number): boolean {
  return readdirSync(`/proc/${pid}/task`).every((thread) =>
    /^State:\tT/m.test(readFileSync(`/proc/${pid}/task/${thread}/status`, 'latin1')),
  )
}

/** Sends the call; the reply's status comes later. */
function askUdp(address: string, port: number): Promise<unknown> {
  const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4')
  closers.push(() => socket.close())
  socket.send(match, port, address)
  return once(socket, 'message').then(([reply]) => status(reply as Buffer))
}

async function askTcp(address: string, port: number): Promise<{ readonly reply: Promise<unknown> }> {
  const socket = connect(port, address)
  closers.push(() => socket.destroy())
  await once(socket, 'connect')
  const mark = Buffer.alloc(MARK_BYTES)
  writeMark(mark, 0, match.length, true)
  socket.write(Buffer.concat([mark, match]))
  return { reply: once(socket, 'data').then(([reply]) => status((reply as Buffer).subarray(MARK_BYTES))) }
}

function status(reply: Buffer): unknown {
  return readReply(header, reply).fields['status']
}

describe.each(['127.0.0.1', '::1'])('sockets on %s', (address) => {
  test('keep the calls of a server process that was killed for the next one, which answers them', async () => {
    const sockets = bound(address)
    const { child } = await serve(sockets)
    expect(await askUdp(address, sockets.port)).toBe(YpStat.TRUE)
    expect(await (await askTcp(address, sockets.port)).reply).toBe(YpStat.TRUE)

    // It takes nothing any more, as if it had just died.
    child.kill('SIGSTOP')
    await waitUntil('all its threads have stopped', () => areStopped(child.pid!))
    const [whileStuck, tcpWhileStuck] = [askUdp(address, sockets.port), await askTcp(address, sockets.port)]
    await kill(child)
    const [whileGone, tcpWhileGone] = [askUdp(address, sockets.port), await askTcp(address, sockets.port)]

    await serve(sockets)
    expect(await Promise.all([whileStuck, tcpWhileStuck.reply, whileGone, tcpWhileGone.reply])).toEqual(
      Array.from({ length: 4 }, () => YpStat.TRUE),
    )
  })

  test('are handed from one server process to the next without a call lost', async () => {
    const sockets = bound(address)
    let serving = await serve(sockets)
    for (let i = 0; i < 2; i++) {
      const next = await serve(sockets)
      const exit = once(serving.child, 'exit')
      const tcp = await askTcp(address, sockets.port)
      serving.channel.send({ kind: 'drain' })
      const asked = Array.from({ length: 50 }, () => askUdp(address, sockets.port))
      expect(new Set(await Promise.all([...asked, tcp.reply]))).toEqual(new Set([YpStat.TRUE]))
      expect(await exit).toEqual([0, null])
      serving = next
    }
  })
})

test('a socket without a server process is not read, and refuses no datagram', async () => {
  const sockets = bound('127.0.0.1')
  const client = createSocket('udp4')
  closers.push(() => client.close())
  client.connect(sockets.port, '127.0.0.1')
  await once(client, 'connect')
  const reply = once(client, 'message')
  // A port that nobody has answers with ICMP, and then the second send fails.
  for (let i = 0; i < 2; i++)
    await new Promise<void>((sent, failed) => client.send(match, (e) => (e ? failed(e) : sent())))
  await serve(sockets)
  expect(status(((await reply) as [Buffer])[0])).toBe(YpStat.TRUE)
})
