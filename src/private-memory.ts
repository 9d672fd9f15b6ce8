/**
 * What a process of ours holds (the bind password, hashes) is nobody's to read: no core file, whatever becomes of it,
 * and no debugger or reader of /proc/PID/mem but root's, though they have its account (prctl(2), PR_SET_DUMPABLE).
 * An exec undoes it, so that each process asks for itself.
 */
import { loadKoffi } from './koffi.ts'

const PR_SET_DUMPABLE = 4

/** Where there is no koffi, or no Linux with glibc, nothing is done: the service manager's LimitCORE is left. */
export function keepMemoryPrivate(): void {
  try {
    const words = 'unsigned long, unsigned long, unsigned long, unsigned long'
    loadKoffi().load('libc.so.6').func(`int prctl(int, ${words})`)(PR_SET_DUMPABLE, 0, 0, 0, 0)
  } catch {
    // It is optional.
  }
}
