import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { requireLab } from './lab-host.ts'
import { accepts } from './lab-port.ts'
import type { LabProcess } from './lab-process.ts'
import { startProcess } from './lab-process.ts'

/** The ports that tests give to servers of their own. */
const TEST_PORTS = Array.from({ length: 300 }, (_, i) => 600 + i)

/**
 * rpcbind on port 111 and /run/rpcbind.sock. It also takes a reserved UDP port by its process number
 * (bindresvport(3)): those of the tests are held while it chooses.
 */
export async function startRpcbind(args: readonly string[] = []): Promise<LabProcess> {
  requireLab()
  const held = await Promise.all(TEST_PORTS.map(hold))
  try {
    return await startProcess('rpcbind', ['-w', '-f', ...args], { ready: () => accepts(111) })
  } finally {
    for (const socket of held) socket.close()
  }
}

/** A socket on this port, or on none when it is in use already, and so can't be chosen either. */
async function hold(port: number) {
  const socket = createSocket('udp4')
  const settled = Promise.race([once(socket, 'listening'), once(socket, 'error')])
  socket.bind(port)
  await settled.catch(() => undefined)
  return socket
}
