import { createSocket } from 'node:dgram'
import type { AddressInfo } from 'node:net'
import { connect, createServer } from 'node:net'

/** A port of 127.0.0.1 that is free for UDP and TCP now. Nobody reserves it: use it at once. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = await new Promise<number>((resolve, reject) => {
      const server = createServer()
      server.on('error', reject)
      server.listen(0, '127.0.0.1', () => {
        const { port } = server.address() as AddressInfo
        server.close(() => resolve(port))
      })
    })
    const free = await new Promise<boolean>((resolve) => {
      const socket = createSocket('udp4')
      socket.on('error', () => resolve(false))
      socket.bind(port, '127.0.0.1', () => socket.close(() => resolve(true)))
    })
    if (free) return port
  }
}

/** Whether something accepts TCP connections to this port of `host` now. */
export function accepts(port: number, host = '127.0.0.1'): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, host)
    socket.on('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.on('error', () => resolve(false))
  })
}
