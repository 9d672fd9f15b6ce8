/**
 * Which process holds a port of this host, as far as /proc tells: root sees all, others their own. For
 * messages that name the culprit.
 */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'

/** `ypserv (pid 812)`, or undefined when it can't be found out. */
export function portHolder(transport: 'udp' | 'tcp', port: number): string | undefined {
  const wanted = new Set(inodes(transport, port))
  if (wanted.size === 0) return undefined
  for (const pid of listing('/proc').filter((name) => /^\d+$/.test(name))) {
    for (const descriptor of listing(`/proc/${pid}/fd`)) {
      const inode = /^socket:\[(\d+)\]$/.exec(linkTarget(`/proc/${pid}/fd/${descriptor}`))?.[1]
      if (inode === undefined || !wanted.has(inode)) continue
      return `${firstWord(text(`/proc/${pid}/comm`))} (pid ${pid})`
    }
  }
  return undefined
}

/** True when no process holds it, but connections from it were closed a moment ago (TIME_WAIT): they have no inode. */
export function isLingering(port: number): boolean {
  const found = inodes('tcp', port)
  return found.length > 0 && found.every((inode) => inode === '0')
}

function inodes(transport: 'udp' | 'tcp', port: number): readonly string[] {
  return [`/proc/net/${transport}`, `/proc/net/${transport}6`].flatMap((table) => inodesOf(table, port))
}

/** A process that gives itself a title has its arguments in there. */
function firstWord(title: string): string {
  return title.trim().split(' ', 1)[0]!
}

/** Lines of proc(5)'s /proc/net/udp: number, local address:port in hex, …, the tenth word the inode. */
function inodesOf(table: string, port: number): readonly string[] {
  const local = `:${port.toString(16).toUpperCase().padStart(4, '0')}`
  return text(table)
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter((words) => words[1]?.endsWith(local) === true)
    .map((words) => words[9] ?? '')
}

// A process may end, or not be ours to look at, between one look and the next.
function listing(path: string): readonly string[] {
  try {
    return readdirSync(path)
  } catch {
    return []
  }
}

function linkTarget(path: string): string {
  try {
    return readlinkSync(path)
  } catch {
    return ''
  }
}

function text(path: string): string {
  try {
    return readFileSync(path, 'latin1')
  } catch {
    return ''
  }
}
