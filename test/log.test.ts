import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { createLogger, type LogLevel } from '../src/log.ts'

function collect(level: LogLevel, prefixed = false) {
  const lines: string[] = []
  return { lines, ...createLogger({ level, prefixed, write: (line) => lines.push(line) }) }
}

describe('a log line', () => {
  test('is one line with the level, the text and the id', () => {
    const { lines, log } = collect('info')
    log('warning', 'row-rejected', 'uid=x: empty user name')
    expect(lines).toEqual(['ypldap: warning: uid=x: empty user name [row-rejected]\n'])
  })

  test('keeps text in any script as it is', () => {
    const { lines, log } = collect('info')
    log('info', 'x', 'Дмитрий, zoë, 木')
    expect(lines).toEqual(['ypldap: info: Дмитрий, zoë, 木 [x]\n'])
  })

  test('can not be forged, and drives no terminal: every control character is shown by its number', () => {
    const controls = Array.from({ length: 0xa0 }, (_, code) => code).filter(
      (code) => code < 0x20 || (code > 0x7e && code < 0xa0),
    )
    for (const code of controls) {
      const { lines, log } = collect('info')
      log('info', 'x', `a${String.fromCharCode(code)}b`)
      expect(lines).toEqual([`ypldap: info: a\\x${code.toString(16).padStart(2, '0')}b [x]\n`])
    }
    expect(controls).toHaveLength(65)
  })
})

describe('the least important level that is shown', () => {
  const levels: readonly LogLevel[] = ['error', 'warning', 'info', 'debug']

  test.each(levels.map((level, index) => [level, levels.slice(0, index + 1)] as const))(
    '%s lets %j through, and nothing else',
    (least, shown) => {
      const { lines, log } = collect(least)
      for (const level of levels) log(level, 'x', 'text')
      expect(lines).toEqual(shown.map((level) => `ypldap: ${level}: text [x]\n`))
    },
  )
})

describe('a line for the service manager', () => {
  test('begins with its level in syslog numbers', () => {
    const { lines, log } = collect('debug', true)
    for (const level of ['error', 'warning', 'info', 'debug'] as const) log(level, 'x', 'text')
    expect(lines.map((line) => line.slice(0, 11))).toEqual([
      '<3>ypldap: ',
      '<4>ypldap: ',
      '<6>ypldap: ',
      '<7>ypldap: ',
    ])
  })

  test.each(['x', 'ž', '木'])('has at most 4,096 bytes, however long its text is: of "%s"', (letter) => {
    const { lines, log } = collect('info', true)
    log('info', 'some-id', letter.repeat(5000))
    expect(Buffer.byteLength(lines[0]!)).toBeLessThanOrEqual(4096)
    expect(Buffer.byteLength(lines[0]!)).toBeGreaterThan(4080)
    expect(lines[0]).toMatch(new RegExp(`^<6>ypldap: info: ${letter}+ … \\[some-id\\]\n$`))
  })
})

describe('the same line again and again', () => {
  beforeEach(() => {
    vi.useFakeTimers()
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  test('is counted, and told of when another one comes', () => {
    const { lines, log } = collect('info')
    for (let i = 0; i < 5; i++) log('warning', 'x', 'text')
    log('info', 'y', 'other')
    expect(lines).toEqual([
      'ypldap: warning: text [x]\n',
      'ypldap: warning: 4 times more: text [x]\n',
      'ypldap: info: other [y]\n',
    ])
  })

  test('is told of once a minute', () => {
    const { lines, log } = collect('info')
    for (let second = 0; second < 150; second++) {
      log('warning', 'x', 'text')
      vi.advanceTimersByTime(1000)
    }
    expect(lines).toEqual([
      'ypldap: warning: text [x]\n',
      'ypldap: warning: 60 times more: text [x]\n',
      'ypldap: warning: 60 times more: text [x]\n',
    ])
  })

  test('is told of at the end', () => {
    const { lines, log, flush } = collect('info')
    log('warning', 'x', 'text')
    log('warning', 'x', 'text')
    flush()
    flush()
    expect(lines).toEqual(['ypldap: warning: text [x]\n', 'ypldap: warning: once more: text [x]\n'])
  })

  test.each([
    ['of another level', ['error', 'x', 'text']],
    ['with another id', ['warning', 'y', 'text']],
    ['with another text', ['warning', 'x', 'other']],
  ] as const)('is not one %s', (_what, [level, id, text]) => {
    const { lines, log } = collect('info')
    log('warning', 'x', 'text')
    log(level, id, text)
    expect(lines).toHaveLength(2)
  })

  test('is not broken by lines that are not shown', () => {
    const { lines, log } = collect('info')
    log('warning', 'x', 'text')
    log('debug', 'y', 'hidden')
    log('warning', 'x', 'text')
    expect(lines).toHaveLength(1)
  })
})

test('the level can be changed while the log runs', () => {
  const { lines, log, setLevel } = collect('info')
  log('debug', 'x', 'one')
  setLevel('debug')
  log('debug', 'x', 'two')
  setLevel('error')
  log('warning', 'x', 'three')
  expect(lines).toEqual(['ypldap: debug: two [x]\n'])
})
