/** How the directory process stands back behind the server process, which answers while it makes an image. */
import { readdirSync } from 'node:fs'
import { setPriority } from 'node:os'

/** A tenth of the processor that others want, too. */
const NICE = 10

/** Of all threads that there are, V8's among them; those that they start have theirs. */
export function standBack(): void {
  for (const thread of threads()) {
    try {
      setPriority(thread, NICE)
    } catch {
      // It has ended, or the host knows no such priority: all works without.
    }
  }
}

/** Linux has a priority for each thread; where there is no /proc, 0 means this process. */
function threads(): readonly number[] {
  try {
    return readdirSync('/proc/self/task').map(Number)
  } catch {
    return [0]
  }
}
