/** A server process for tests: as main.ts starts it, with its log as plain lines. */
import { Socket } from 'node:net'
import { runServer } from '../../src/server/process.ts'

await runServer(
  new Socket({ fd: 3, allowHalfOpen: true }),
  process.argv.slice(2).map((kind, index) => ({ kind, fd: 4 + index })),
  (level, id, text) => process.stderr.write(`${level} ${id} ${text}\n`),
  () => {},
)
