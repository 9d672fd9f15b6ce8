import { describe, expect, test } from 'vitest'
import type { Answer } from '../../src/messages/control.ts'
import type { ToStatus } from '../../src/messages/status.ts'
import { createStatusAnswers, MOST_ANSWERS } from '../../src/supervisor/status-answers.ts'

const PART: Answer = { kind: 'rows', rows: [] }

/** Answers of so many parts each, how many there are that have begun and not ended, and what was said. */
function answering(parts: number, wait: () => Promise<void> = async () => {}) {
  const said: ToStatus[] = []
  let open = 0
  let made = 0
  const answers = createStatusAnswers(
    async function* () {
      open += 1
      try {
        for (let part = 0; part < parts; part++) {
          await wait()
          made += 1
          yield PART
        }
      } finally {
        open -= 1
      }
    },
    (message) => said.push(message),
  )
  return { answers, said, open: () => open, made: () => made }
}

const settled = () => new Promise<void>((resolve) => setImmediate(resolve))
const kinds = (said: readonly ToStatus[]) => said.map(({ kind }) => kind)

describe('an answer to the status process', () => {
  test('comes part by part, each when it is asked for, and ends', async () => {
    const { answers, said, open } = answering(2)
    answers.begin(1, { kind: 'usage' })
    await settled()
    expect(kinds(said)).toEqual(['part'])
    for (let more = 0; more < 2; more++) {
      answers.more(1)
      await settled()
    }
    expect(said).toEqual([
      { kind: 'part', id: 1, part: PART },
      { kind: 'part', id: 1, part: PART },
      { kind: 'end', id: 1 },
    ])
    expect(open()).toBe(0)
  })

  test('is not made twice under one id, nor made further while a part is under way', async () => {
    const ready = Promise.withResolvers<void>()
    const { answers, open, made } = answering(100, () => ready.promise)
    for (let again = 0; again < 50; again++) {
      answers.begin(1, { kind: 'usage' })
      answers.more(1)
    }
    await settled()
    expect(open()).toBe(1)
    ready.resolve()
    await settled()
    expect(made()).toBe(1)
  })

  test('is one of few', async () => {
    const { answers, said, open } = answering(2)
    for (let id = 0; id < 3 * MOST_ANSWERS; id++) answers.begin(id, { kind: 'clients' })
    await settled()
    expect(open()).toBe(MOST_ANSWERS)
    expect(said.filter(({ kind }) => kind === 'end')).toHaveLength(2 * MOST_ANSWERS)
  })

  test.each([
    ['dropped', (answers: ReturnType<typeof answering>['answers']) => answers.drop(1)],
    ['left with its process', (answers: ReturnType<typeof answering>['answers']) => answers.close()],
  ])('that is %s is made no further', async (_what, end) => {
    const { answers, said, open } = answering(2)
    answers.begin(1, { kind: 'usage' })
    await settled()
    end(answers)
    await settled()
    answers.more(1)
    await settled()
    expect([open(), kinds(said)]).toEqual([0, ['part', 'end']])
  })

  test('that fails says why', async () => {
    const said: ToStatus[] = []
    const answers = createStatusAnswers(
      async function* () {
        yield* []
        throw new Error('the server process is not running')
      },
      (message) => said.push(message),
    )
    answers.begin(3, { kind: 'usage' })
    await settled()
    expect(said).toEqual([{ kind: 'end', id: 3, error: 'the server process is not running' }])
  })
})
