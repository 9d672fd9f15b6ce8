/** What systemd does for a socket unit: it opens the sockets, keeps them, and starts the daemon with them. */
import { loadKoffi } from '../../src/koffi.ts'
import { bindTcp, bindUdp, type Handle } from '../../src/supervisor/handles.ts'
import { type LabProcess, startProcess } from './lab-process.ts'

const SOL_SOCKET = 1
/** What ReceiveBuffer= of a unit uses: above the kernel's maximum, for root. */
const SO_RCVBUFFORCE = 33
/** Backlog= of systemd.socket(5) */
const BACKLOG = 4096

export interface SocketUnit {
  readonly handles: readonly Handle[]
  readonly close: () => void
}

/** ListenStream and ListenDatagram for each address, and for root 4 MiB of ReceiveBuffer; nobody reads them here. */
export function openUnit(addresses: readonly string[], port: number): SocketUnit {
  const libc = loadKoffi().load('libc.so.6')
  const listen = libc.func('int listen(int, int)')
  const setOption = libc.func('int setsockopt(int, int, int, void*, unsigned int)')
  const handles = addresses.flatMap((address) => {
    const tcp = bindTcp(address, port).handle
    const udp = bindUdp(address, port)
    if (listen(tcp.fd, BACKLOG) !== 0) throw new Error(`listen on ${address} port ${port} failed`)
    setOption(udp.fd, SOL_SOCKET, SO_RCVBUFFORCE, Buffer.from(Int32Array.of(4 * 1024 * 1024).buffer), 4)
    return [tcp, udp]
  })
  return {
    handles,
    close() {
      for (const handle of handles) handle.close()
    },
  }
}

/** A command with these sockets from descriptor 3 on, as sd_listen_fds(3) has it; ready when it says that it serves. */
export function startWith(
  sockets: readonly { readonly fd: number }[],
  command: readonly string[],
  env: NodeJS.ProcessEnv = process.env,
): Promise<LabProcess> {
  return startProcess('/bin/sh', ['-c', 'LISTEN_PID=$$ exec "$@"', 'sh', ...command], {
    env: { ...env, LISTEN_FDS: String(sockets.length) },
    descriptors: sockets.map(({ fd }) => fd),
    ready: (output) => output.includes('[serving]\n'),
    timeout: 20_000,
  })
}
