/** What is done for each request, and the parts of its answer. */
import type { Answer, Request, Status } from '../messages/control.ts'
import type { Operations } from './operations.ts'

/** Lines in one part, and characters of a line, that a message takes: in JSON a character may be six bytes. */
const LINES = 20
const LINE_CHARACTERS = 8192

/** What it throws is for whoever asked. `progress` may be told while there is no part yet. */
export async function* answerTo(
  request: Request,
  operations: Operations,
  progress: (progress: Extract<Answer, { kind: 'progress' }>) => void,
): AsyncGenerator<Answer, void> {
  switch (request.kind) {
    case 'status':
      yield* statusParts(await operations.status())
      return
    case 'refresh': {
      const { kind: _, ...wish } = request
      await operations.refresh(wish, (made) => progress({ ...made, kind: 'progress' }))
      return
    }
    case 'reload':
      yield* problems(await operations.reload(), 'nothing changes')
      return
    case 'check':
      yield* problems(await operations.check(), 'the configuration has errors')
      return
    case 'log':
      operations.setLevel(request.level)
      return
    case 'maps': {
      const maps = operations.maps(request.domain)
      if (maps === undefined) throw new Error('there are no maps yet')
      yield { kind: 'maps', maps }
      return
    }
    case 'match':
      for await (const records of operations.match(request.domain, request.map, request.key))
        yield { kind: 'records', records }
      return
    case 'cat':
      for await (const records of operations.cat(request.domain, request.map))
        yield { kind: 'records', records }
      return
    case 'rejected':
      for await (const rows of operations.rejected(request.domain)) yield { kind: 'rows', rows }
      return
    case 'explain':
      for (const finding of await operations.explain(request.domain, request.name))
        yield { kind: 'finding', finding }
      return
    case 'usage':
      for await (const usage of operations.usage()) yield { kind: 'usage', usage }
      return
    case 'clients':
      for await (const clients of operations.clients()) yield { kind: 'clients', clients }
      return
    case 'stop':
      operations.stop()
      return
    default:
      request satisfies never
  }
}

function* statusParts({ domains, ...status }: Status): Generator<Answer> {
  yield { kind: 'status', status }
  for (const domain of domains) yield { kind: 'domain', domain }
}

/** If there are any, `outcome` is how the answer ends. */
function* problems(lines: readonly string[], outcome: string): Generator<Answer> {
  for (let at = 0; at < lines.length; at += LINES) {
    yield {
      kind: 'problems',
      lines: lines.slice(at, at + LINES).map((line) => line.slice(0, LINE_CHARACTERS)),
    }
  }
  if (lines.length > 0) throw new Error(outcome)
}
