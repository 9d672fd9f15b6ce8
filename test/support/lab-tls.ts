import { connect } from 'node:net'
import { createServer } from 'node:tls'
import type { Certificate } from '../directory/certificates.ts'

export interface TlsPort {
  readonly stop: () => Promise<void>
}

/** TLS on this port of 127.0.0.1 in front of a server that has none: what a real one does itself. */
export async function startTlsPort(port: number, target: number, { pem }: Certificate): Promise<TlsPort> {
  const server = createServer(pem, (client) => {
    const directory = connect(target, '127.0.0.1')
    client.pipe(directory).pipe(client)
    // One side that is gone takes the other with it.
    for (const side of [client, directory]) {
      side.on('error', () => undefined)
      side.on('close', () => {
        client.destroy()
        directory.destroy()
      })
    }
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', resolve)
  })
  return { stop: () => new Promise((resolve) => server.close(() => resolve())) }
}
