/** What the kernel tells of a process's sockets. */
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs'

/** The inodes of a process's sockets, but for the one that here takes its log. */
export function socketsOf(pid: number): readonly string[] {
  return readdirSync(`/proc/${pid}/fd`)
    .filter((fd) => fd !== '2')
    .flatMap((fd) => /^socket:\[(\d+)\]$/.exec(targetOf(pid, fd))?.[1] ?? [])
    .sort()
}

/** Empty for one that the process has closed since it was listed. */
function targetOf(pid: number, fd: string): string {
  try {
    return readlinkSync(`/proc/${pid}/fd/${fd}`)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return ''
    throw error
  }
}

/** Of those the ones that a network can reach: bound ones of UDP, and those of TCP that listen. */
export function openToTheNetwork(pid: number): readonly string[] {
  const tables = ['tcp', 'tcp6', 'udp', 'udp6'].map((name) => `/proc/${pid}/net/${name}`).filter(existsSync)
  const reachable = new Set(
    tables.flatMap((table) =>
      readFileSync(table, 'latin1')
        .split('\n')
        .slice(1)
        .map((line) => line.trim().split(/\s+/))
        // 0A: TCP_LISTEN; 07: a UDP socket that is connected to nobody
        .filter(([, , , state]) => state === '0A' || state === '07')
        .map((fields) => fields[9]),
    ),
  )
  return socketsOf(pid).filter((inode) => reachable.has(inode))
}
