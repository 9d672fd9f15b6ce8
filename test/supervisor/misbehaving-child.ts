/** A child of the supervisor that does what its arguments say: `--role ROLE WHAT`. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { Socket } from 'node:net'
import { openChannel } from '../../src/messages/channel.ts'
import { type FromDirectory, type ToDirectory, toDirectory } from '../../src/messages/directory.ts'

const what = process.argv[4] ?? ''
const stream = new Socket({ fd: 3, allowHalfOpen: true })
const channel = openChannel<ToDirectory, FromDirectory>(stream, toDirectory, {
  message(message) {
    if (message.kind === 'ping') channel.send({ kind: 'pong', id: message.id })
    if (message.kind === 'refresh') channel.send({ kind: 'end', id: message.id })
  },
  fault() {},
  end: () => what === 'close' || process.exit(3),
})

/** What a look at its own /proc shows. */
function surroundings(): string {
  const descriptors = readdirSync('/proc/self/fd').map((fd) => {
    try {
      return `${fd}=${readlinkSync(`/proc/self/fd/${fd}`).replace(/:\[.*/, '')}`
    } catch {
      return ''
    }
  })
  const environment = readFileSync('/proc/self/environ', 'latin1')
  return JSON.stringify({
    environment,
    sockets: descriptors.filter((one) => one.endsWith('=socket')),
    cwd: process.cwd(),
  })
}

switch (what) {
  case 'garbage':
    stream.write('this is no message')
    break
  case 'forbidden':
    stream.write(framed({ kind: 'load', path: '/etc/passwd', fresh: 0 }))
    break
  case 'hang':
    for (;;);
  case 'grow': {
    const held: Buffer[] = []
    setInterval(() => held.push(Buffer.alloc(20 * 2 ** 20, 1)), 10)
    break
  }
  case 'exit':
    process.exit(7)
  case 'close':
    stream.destroy()
    setInterval(() => {}, 1000)
    break
  case 'surroundings':
    channel.send({ kind: 'end', id: 0, error: surroundings() })
    break
  default:
}

function framed(message: object): Buffer {
  const body = Buffer.from(JSON.stringify(message))
  const head = Buffer.alloc(4)
  head.writeUInt32BE(body.length)
  return Buffer.concat([head, body])
}
