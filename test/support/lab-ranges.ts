import { once } from 'node:events'
import net from 'node:net'
import { ber, children, takeMessage } from './ldap-peer.ts'

export interface RangedPort {
  readonly port: number
  /** attributes that were cut so far */
  readonly cut: number
  readonly stop: () => Promise<void>
}

const SEARCH_RESULT_ENTRY = 0x64
/** MaxValRange of Windows since 2003 */
const MAX_VALUES = 1500

/**
 * A port of 127.0.0.1 behind which a server gives no more than so many values of an attribute at a time, as Windows does
 * of its own accord (MS-ADTS 3.1.1.3.1.3.3); Samba answers a range that it is asked for, but asks nobody to ask for one.
 */
export async function startRangedPort(target: number, limit = MAX_VALUES): Promise<RangedPort> {
  const open = new Set<net.Socket>()
  let cut = 0
  const server = net.createServer((client) => {
    const upstream = net.connect(target, '127.0.0.1')
    let bytes = Buffer.alloc(0)
    upstream.on('data', (chunk: Buffer) => {
      bytes = Buffer.concat([bytes, chunk])
      for (let message = takeMessage(bytes); message !== undefined; message = takeMessage(bytes)) {
        bytes = bytes.subarray(message.length)
        client.write(ranged(message))
      }
    })
    client.pipe(upstream)
    upstream.on('end', () => client.end())
    for (const socket of [client, upstream]) {
      open.add(socket)
      socket.on('error', () => undefined)
      socket.on('close', () => {
        open.delete(socket)
        client.destroy()
        upstream.destroy()
      })
    }
  })

  function ranged(message: Buffer): Buffer {
    const [id, operation, ...controls] = children(children(message)[0]!.content)
    if (operation?.tag !== SEARCH_RESULT_ENTRY) return message
    const [dn, attributes] = children(operation.content)
    const before = cut
    const list = children(attributes!.content).map(({ content }) => {
      const [name, values] = children(content)
      return ber(0x30, ...first(name!.content, values!.content))
    })
    if (cut === before) return message
    return ber(
      0x30,
      ber(0x02, id!.content),
      ber(SEARCH_RESULT_ENTRY, ber(0x04, dn!.content), ber(0x30, ...list)),
      ...controls.map(({ tag, content }) => ber(tag, content)),
    )
  }

  function first(name: Buffer, values: Buffer): readonly Buffer[] {
    const list = children(values)
    const all = [ber(0x04, name), ber(0x31, values)]
    if (list.length <= limit) return all
    const [, type = '', start = '0', end] = /^([^;]+)(?:;range=(\d+)-(.*))?$/.exec(name.toString()) ?? []
    // An option of another kind: not the values of a group.
    if (type === '') return all
    // Of a part that the client asked for by its end, Windows gives as much as it gives of any.
    if (end !== undefined && end !== '*' && Number(end) - Number(start) < limit) return all
    cut += 1
    const range = `;range=${start}-${Number(start) + limit - 1}`
    return [
      ber(0x04, type + range),
      ber(0x31, ...list.slice(0, limit).map((value) => ber(0x04, value.content))),
    ]
  }

  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as net.AddressInfo).port,
    get cut() {
      return cut
    },
    async stop() {
      for (const socket of open) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}
