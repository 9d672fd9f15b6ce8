import { describe, expect, test } from 'vitest'
import { createProgressView } from '../../src/control/progress.ts'

function view(terminal: boolean, columns = 200, total = 0) {
  const written: string[] = []
  const shown = createProgressView({
    terminal,
    columns,
    write: (text) => void written.push(text),
    expected: () => total,
  })
  return { ...shown, written }
}

const CLEAR = '\r\u001b[K'

describe('on a terminal', () => {
  test('the line is drawn in place of the one before, and is gone at the end', () => {
    const { show, end, written } = view(true)
    show({ directory: 'ldap', entries: 500, milliseconds: 250 })
    show({ directory: 'ldap', entries: 1000, milliseconds: 1500 })
    end()
    expect(written).toEqual([`${CLEAR}ldap: 500 entries, 250 ms`, `${CLEAR}ldap: 1000 entries, 1.5 s`, CLEAR])
  })

  test('the bar fills up to the number of the last time, and there it stays', () => {
    const { show, written } = view(true, 200, 900)
    for (const entries of [0, 450, 900, 2000]) show({ directory: 'ldap', entries, milliseconds: 9 })
    expect(written.map((line) => line.slice(CLEAR.length).replace(/ ldap.*/, ''))).toEqual([
      `[${'.'.repeat(30)}]`,
      `[${'#'.repeat(15)}${'.'.repeat(15)}]`,
      `[${'#'.repeat(30)}]`,
      `[${'#'.repeat(30)}]`,
    ])
  })

  test('the line never breaks', () => {
    const { show, written } = view(true, 20)
    show({ directory: 'a'.repeat(100), entries: 1, milliseconds: 1 })
    expect(written).toEqual([`${CLEAR}${'a'.repeat(19)}`])
  })

  test('a name drives no terminal', () => {
    const { show, written } = view(true)
    show({ directory: 'a\u001b[2Jb', entries: 1, milliseconds: 1 })
    expect(written).toEqual([`${CLEAR}a\\x1b[2Jb: 1 entries, 1 ms`])
  })

  test('nothing is cleared where nothing was drawn', () => {
    const { end, written } = view(true)
    end()
    expect(written).toEqual([])
  })
})

describe('elsewhere', () => {
  test('there is a line a second at most, and nothing but lines', () => {
    const { show, end, written } = view(false, 200, 900)
    for (const milliseconds of [0, 300, 999, 1000, 1900, 2100])
      show({ directory: 'ldap', entries: milliseconds, milliseconds })
    end()
    expect(written).toEqual([
      'ldap: 0 entries, 0 ms\n',
      'ldap: 1000 entries, 1.0 s\n',
      'ldap: 2100 entries, 2.1 s\n',
    ])
  })
})
