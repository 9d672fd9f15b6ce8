/** The clients, in a process of their own: does one job after the other, as the bench tells it over its channel. */
import { type Arena, matchCalls, matchReplies } from './calls.ts'
import { firstAnswer } from './first-answer.ts'
import type { FromGenerator, Job, ToGenerator } from './jobs.ts'
import { runMatch } from './match-load.ts'
import { repeatStreams, runAll, runStreams } from './streams.ts'
import { runWalk } from './walk.ts'

const arenas = new Map<number, { readonly calls: Arena; readonly replies: Arena }>()
let stop = false
const stopped = () => stop

function arenasOf(users: number) {
  const made = arenas.get(users) ?? { calls: matchCalls(users), replies: matchReplies(users) }
  arenas.set(users, made)
  return made
}

async function run(job: Job) {
  const { port, users } = job
  if (job.name === 'walk') return runWalk(port, users)
  if (job.name === 'all') return runAll(port, users, job.checksum)
  if (job.name === 'streams') {
    const { width, checksum, repeat } = job
    return repeat
      ? repeatStreams(port, users, width, checksum, stopped)
      : runStreams(port, users, width, checksum)
  }
  const { calls, replies } = arenasOf(users)
  // Not the last user, whose record changes from one refresh to the next.
  if (job.name === 'match') return runMatch({ ...job, calls, replies, asked: users - 1, stopped })
  return { at: String(await firstAnswer(port, calls, replies)) }
}

function reply(answer: FromGenerator): void {
  process.send?.(answer)
}

process.on('message', (message: ToGenerator) => {
  if (message.name === 'stop') {
    stop = true
    return
  }
  stop = false
  run(message).then(
    (result) => reply({ result }),
    (error: Error) => reply({ error: error.message }),
  )
})
process.on('disconnect', () => process.exit())
