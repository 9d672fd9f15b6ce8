/**
 * The least that a server could do, to know what is left to gain. Says its port on stdout and runs until it is
 * killed: floor.ts batched | dgram | sender USERS. What C can do is in floor.c.
 */
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { MARK_BYTES } from '../../rpc/record.ts'
import { freePort } from '../support/lab-port.ts'
import { constantReply } from './calls.ts'
import { encodedAll } from './encoded-all.ts'
import { Batch, loadNative, openSocket, receiveBatch, sendBatch } from './native.ts'

const WIDTH = 64
const DATAGRAM_BYTES = 1024

/** Every call is answered alike: no parsing, no look-up. */
async function batched(): Promise<void> {
  const native = loadNative()
  if (native === undefined) throw new Error('koffi is not there')
  const port = await freePort()
  const fd = openSocket(native, 'bind', port, 1000)
  const calls = new Batch(native, WIDTH, DATAGRAM_BYTES, 'named')
  const replies = new Batch(native, WIDTH, DATAGRAM_BYTES, calls)
  const reply = constantReply()
  for (let i = 0; i < WIDTH; i++) {
    replies.words.set(reply, i * replies.stride)
    replies.setLength(i, reply.length * 4)
  }
  console.log(port)
  for (;;) {
    calls.renew(WIDTH)
    const count = receiveBatch(native, fd, calls)
    for (let i = 0; i < count; i++) replies.words[i * replies.stride] = calls.words[i * calls.stride]!
    if (count > 0) sendBatch(native, fd, replies, count)
  }
}

async function dgram(): Promise<void> {
  const reply = Buffer.from(constantReply().buffer)
  const socket = createSocket('udp4')
  socket.on('message', (call: Buffer, from) => {
    const copy = Buffer.from(reply)
    call.copy(copy, 0, 0, 4)
    socket.send(copy, from.port, from.address, () => {})
  })
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  console.log(socket.address().port)
}

/** ALL of passwd.byname, made once; of a call only the xid is read. */
async function sender(users: number): Promise<void> {
  const stream = encodedAll(users)
  const server = createServer((socket) => {
    socket.on('error', () => {})
    socket.on('data', (call: Buffer) => {
      const first = Buffer.from(stream.subarray(0, MARK_BYTES + 4))
      call.copy(first, MARK_BYTES, MARK_BYTES, MARK_BYTES + 4)
      socket.cork()
      socket.write(first)
      socket.write(stream.subarray(first.length))
      socket.uncork()
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  console.log((server.address() as AddressInfo).port)
}

const [kind, users] = process.argv.slice(2)
if (kind === 'batched') await batched()
else if (kind === 'dgram') await dgram()
else if (kind === 'sender') await sender(Number(users))
else process.exitCode = 64
