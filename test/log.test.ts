import { describe, expect, test } from 'vitest'
import { createLog, type LogLevel } from '../src/log.ts'

function collect(least: LogLevel) {
  const lines: string[] = []
  return { lines, log: createLog(least, (line) => lines.push(line)) }
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
