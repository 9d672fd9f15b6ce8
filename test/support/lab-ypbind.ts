import { requireLab } from './lab-host.ts'
import type { LabProcess } from './lab-process.ts'
import { startProcess } from './lab-process.ts'
import { run } from './lab-run.ts'

export interface YpbindOptions {
  /** false: don't wait until it has bound, which it may not for want of a server */
  readonly bound?: boolean
}

/** ypbind for the lab's domain and the server at 127.0.0.1; ready when it has bound. */
export function startYpbind({ bound = true }: YpbindOptions = {}): Promise<LabProcess> {
  requireLab()
  return startProcess('ypbind', ['-foreground'], {
    ready: async () =>
      (await run(bound ? 'ypwhich' : 'rpcinfo', bound ? [] : ['-T', 'udp', '127.0.0.1', '100007', '2']))
        .status === 0,
  })
}
