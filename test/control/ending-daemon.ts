/** A process with a control socket, which it closes when its standard input ends; then it has nothing to do. */
import { listenControl } from '../../src/control/listener.ts'
import type { Operations } from '../../src/control/operations.ts'

const operations = {
  async *cat() {
    for (let count = 0; ; count++) {
      if (count === 1) setImmediate(() => console.log('behind'))
      yield [{ key: 'a', value: 'x'.repeat(60_000) }]
    }
  },
} satisfies Partial<Operations>

const { close } = await listenControl(
  { path: process.argv[2]!, group: undefined },
  operations as unknown as Operations,
  () => {},
)
console.log('listening')
process.stdin.resume().on('end', () => void close())
