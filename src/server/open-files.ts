import { readFileSync } from 'node:fs'

/** How many descriptors this process may have (RLIMIT_NOFILE); Infinity where that can't be known. */
export function mostOpenFiles(): number {
  try {
    const [, soft] = /^Max open files +(\d+)/m.exec(readFileSync('/proc/self/limits', 'latin1')) ?? []
    return soft === undefined ? Infinity : Number(soft)
  } catch {
    return Infinity
  }
}
