import { requireLab } from './lab-host.ts'
import { accepts } from './lab-port.ts'
import type { LabProcess } from './lab-process.ts'
import { startProcess } from './lab-process.ts'

/** rpcbind on port 111 and /run/rpcbind.sock. */
export function startRpcbind(args: readonly string[] = []): Promise<LabProcess> {
  requireLab()
  return startProcess('rpcbind', ['-w', '-f', ...args], { ready: () => accepts(111) })
}
