import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { requireLab } from './lab-host.ts'
import type { LabProcess } from './lab-process.ts'
import { startProcess } from './lab-process.ts'
import { run, runOrFail } from './lab-run.ts'

export interface YpservMaps {
  readonly domain: string
  /** records by map; a key has no white space */
  readonly maps: Readonly<Record<string, readonly (readonly [key: string, value: string])[]>>
  /** what ORDER answers for every map: seconds since 1970; LAB_ORDER when absent */
  readonly order?: number
}

export interface YpservOptions extends YpservMaps {
  /** below 1024, so that clients which insist on a reserved port accept the answers */
  readonly port: number
}

/** What ORDER answers for every map: seconds since 1970. */
export const LAB_ORDER = 1_700_000_000

/** Puts the maps of one domain, and no others, where ypserv looks for them. */
export async function makeYpservMaps({ domain, maps, order = LAB_ORDER }: YpservMaps): Promise<void> {
  requireLab()
  const folder = join('/var/yp', domain)
  // Maps of an earlier server would be served beside these.
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder)
  for (const [map, records] of Object.entries(maps)) {
    // makedbm writes the time of day first, and the input's record over it.
    const lines = [...records, ['YP_LAST_MODIFIED', String(order)]].map((record) => record.join('\t'))
    // Without the option it leaves out what is longer than 1024 bytes.
    await runOrFail('/usr/lib/yp/makedbm', ['--no-limit-check', '-m', 'lab', '-', join(folder, map)], {
      input: `${lines.join('\n')}\n`,
    })
  }
}

async function answers(transport: 'udp' | 'tcp'): Promise<boolean> {
  return (await run('rpcinfo', ['-T', transport, '127.0.0.1', '100004', '2'])).status === 0
}

/** Debian's ypserv, the reference, with these maps; ready when it answers by UDP and TCP through rpcbind. */
export async function startYpserv(options: YpservOptions): Promise<LabProcess> {
  requireLab()
  await makeYpservMaps(options)
  return startProcess('ypserv', ['-f', '-p', String(options.port)], {
    ready: async () => (await answers('udp')) && (await answers('tcp')),
  })
}
