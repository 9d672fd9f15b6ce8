import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { LIMIT_TABLE } from '../../src/config/limit-table.ts'
import { parsePage, section } from './mdoc.ts'

const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8')

describe('LIMITS.md', () => {
  test('has each limit that can be set, with its default, range and unit, and no other', () => {
    const rows = read('LIMITS.md')
      .split('\n')
      .filter((line) => /^\| `[a-z ]+` \| \d/.test(line))
      .map((line) => line.split('|').map((cell) => cell.trim()))
    const documented = rows.map(([, words, ...numbers]) => [words, ...numbers.slice(0, 4)].join(' '))
    expect(documented).toEqual(
      LIMIT_TABLE.map((row) => `\`${row.words}\` ${row.default} ${row.least} ${row.most} ${row.unit}`),
    )
  })

  test('names every file of constants', () => {
    expect(read('LIMITS.md').match(/`(?:rpc|src)\/[^`]*`/g)).toEqual([
      '`rpc/`',
      '`src/config/limits.ts`',
      '`src/messages/limits.ts`',
      '`src/directory/limits.ts`',
      '`src/directory/template/limits.ts`',
      '`src/status/limits.ts`',
      '`src/supervisor/known-clients.ts`',
      '`src/server/limits.ts`',
    ])
  })
})

describe('ypldap.conf.5', () => {
  const page = section(parsePage(read('etc/man/ypldap.conf.5')), 'LIMITS')
  const items = page
    .join('\n')
    .split(/^\.It /m)
    .slice(1)

  test.each(LIMIT_TABLE)('has an item for limit $words, with its range', ({ words, least, most }) => {
    const item = items.find((text) => text.startsWith(`Ic limit ${words} Ar `))
    expect(item?.replaceAll('\n', ' ')).toContain(`from ${least} to ${most}`)
  })

  test('has no item for another', () => {
    expect(items).toHaveLength(LIMIT_TABLE.length)
  })
})
