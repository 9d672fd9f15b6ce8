/**
 * Loaded before all else (`node --import`) by a process whose replies are looked at, and by its threads: memory that
 * nobody has written to holds the `text` of the URL's query. With `koffi=no` datagrams go through node:dgram.
 */
import { registerHooks } from 'node:module'

const asked = new URL(import.meta.url).searchParams
const poison = asked.get('text') ?? 'poison'

/** Also what is promised to be zeros: a buffer that is used again is not. */
for (const name of ['alloc', 'allocUnsafe', 'allocUnsafeSlow'] as const) {
  const allocate = Buffer[name].bind(Buffer)
  Buffer[name] = (size: number, fill?: Parameters<typeof Buffer.alloc>[1]) =>
    allocate(size).fill(fill ?? poison)
}

if (asked.get('koffi') === 'no') {
  registerHooks({
    resolve(name, context, next) {
      if (name.startsWith('@koromix/')) throw new Error('not for this process')
      return next(name, context)
    },
  })
}
