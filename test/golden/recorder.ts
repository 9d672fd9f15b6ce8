import type { ChildProcess } from 'node:child_process'
import { spawn } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { readFileSync, renameSync, rmSync } from 'node:fs'
import type { Socket } from 'node:net'
import { connect, createServer } from 'node:net'
import { join } from 'node:path'
import { labFolder } from '../support/lab-host.ts'
import { waitUntil } from '../support/lab-wait.ts'
import { readPcap } from '../support/pcap.ts'
import type { Exchange } from './messages.ts'
import { networkExchanges, socketExchanges } from './messages.ts'

export interface Recorder {
  /** All that passed over loopback and the socket while `action` ran. */
  record(action: () => Promise<unknown>): Promise<readonly Exchange[]>
  stop(): Promise<void>
}

/** Nobody listens there (discard, RFC 863): a datagram to it shows where a recording begins and ends. */
const MARK_PORT = 9

interface Recording {
  readonly calls: Buffer[]
  readonly replies: Buffer[]
}

/** Stands before the server of a unix socket and keeps what both sides send. */
async function recordSocket(path: string) {
  const behind = `${path}.real`
  let recordings: Recording[] = []
  const open = new Set<Socket>()
  renameSync(path, behind)
  const server = createServer((client) => {
    const recording: Recording = { calls: [], replies: [] }
    recordings.push(recording)
    const real = connect(behind)
    for (const socket of [client, real]) {
      open.add(socket)
      socket.on('close', () => open.delete(socket))
      // Either side may leave when it has what it wants.
      socket.on('error', () => {})
    }
    client.on('data', (bytes) => recording.calls.push(Buffer.from(bytes)))
    real.on('data', (bytes) => recording.replies.push(Buffer.from(bytes)))
    client.pipe(real).pipe(client)
  })
  server.listen(path)
  await once(server, 'listening')
  return {
    async take() {
      await waitUntil('every connection to the socket is closed', () => open.size === 0)
      const taken = recordings
      recordings = []
      return taken.map(({ calls, replies }) => ({
        calls: Buffer.concat(calls),
        replies: Buffer.concat(replies),
      }))
    },
    async stop() {
      server.close()
      await once(server, 'close')
      rmSync(path, { force: true })
      renameSync(behind, path)
    },
  }
}

async function startTcpdump(file: string): Promise<ChildProcess> {
  const options = ['-i', 'lo', '-s', '0', '-U', '--immediate-mode', '-w', file]
  const tcpdump = spawn('tcpdump', options, { stdio: ['ignore', 'ignore', 'pipe'] })
  let said = ''
  tcpdump.stderr?.setEncoding('utf8').on('data', (text: string) => (said += text))
  await waitUntil('tcpdump listens', () => said.includes('listening on lo'))
  return tcpdump
}

/** Records loopback with tcpdump, and the unix socket at `path` by standing before it. */
export async function startRecorder(path: string): Promise<Recorder> {
  const file = join(labFolder('capture'), 'lo.pcap')
  const tcpdump = await startTcpdump(file)
  const socket = await recordSocket(path)
  const marker = createSocket('udp4')
  // The kernel reports that nobody listens at the marker's port.
  marker.on('error', () => {})
  let marks = 0

  /** Puts a mark into the capture and tells at which frame it stands, when tcpdump has written it. */
  async function mark(): Promise<number> {
    const text = `mark ${++marks}`
    let frame = -1
    marker.send(text, MARK_PORT, '127.0.0.1')
    await waitUntil('tcpdump has written all', () => {
      const { datagrams } = readPcap(readFileSync(file))
      frame = datagrams.find(({ bytes }) => bytes.toString('latin1') === text)?.frame ?? -1
      return frame >= 0
    })
    return frame
  }

  return {
    async record(action) {
      const from = await mark()
      await action()
      const conversations = await socket.take()
      const to = await mark()
      const network = networkExchanges(readPcap(readFileSync(file)))
      return [...socketExchanges(conversations), ...network.filter(({ frame }) => frame > from && frame < to)]
    },
    async stop() {
      marker.close()
      tcpdump.kill('SIGINT')
      await once(tcpdump, 'exit')
      await socket.stop()
    },
  }
}
