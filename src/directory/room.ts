/** Room for more entries: a refresh that fails leaves its process to other domains, one that is killed does not. */
import { getHeapStatistics } from 'node:v8'
import { collectAll } from '../garbage.ts'

/** Above this it is worth to look at what is garbage: 150 ms with 200 MB. */
const NEARLY_FULL = 0.9

/** The rest is for the image's plan, and for V8 itself. */
const FULL = 0.85

/** Whether what is in use fills the heap that this process may have. */
export function isHeapFull(): boolean {
  if (heapUse() <= NEARLY_FULL) return false
  collectAll()
  return heapUse() > FULL
}

/** What V8 counts for the young beside the old: three halves of 8 MiB, see YOUNG_SPACE in supervisor/child.ts. */
const YOUNG = 24 * 2 ** 20

function heapUse(): number {
  const { used_heap_size, heap_size_limit } = getHeapStatistics()
  return used_heap_size / (heap_size_limit - YOUNG)
}
