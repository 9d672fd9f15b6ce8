import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { RESERVED } from '../../src/directory/template/scanner.ts'
import { STEP_NAMES } from '../../src/directory/template/steps.ts'
import { parseTemplate } from '../../src/directory/template/template.ts'
import { displays, parsePage, section } from './mdoc.ts'

const page = parsePage(readFileSync(new URL('../../etc/man/ypldap-template.5', import.meta.url), 'utf8'))

/** The functions of slapi-nis's formats. */
const FUNCTIONS =
  'first match mmatch regmatch regmatchi mregmatch mregmatchi regsub regsubi mregsub mregsubi deref deref_f deref_r ' +
  'deref_rf referred referred_r merge dribble_merge collect link ifeq default sort unique internal_sequence_number'

describe('ypldap-template.5', () => {
  const description = section(page, 'DESCRIPTION')

  test('has an item for each step, in their order', () => {
    const [start, end] = ['.Ss Steps', '.Ss Other entries'].map((line) => description.indexOf(line))
    const items = description.slice(start, end).flatMap((line) => /^\.It Li (\w+)/.exec(line)?.[1] ?? [])
    expect([...new Set(items)]).toEqual(STEP_NAMES)
  })

  test('names every word that no attribute is written as', () => {
    const item = description.slice(description.indexOf('.It Li attribute Ar name'))
    const words = item.slice(1, item.indexOf('.It Sy \\(aqtext\\(aq No or Sy \\(dqtext\\(dq'))
    const named = words
      .filter((line) => line.startsWith('.Li '))
      .flatMap((line) => line.match(/\w{2,}/g)!.slice(1))
    expect(named).toEqual([...RESERVED])
  })

  const templates = [...displays(description), ...displays(section(page, 'EXAMPLES'))]

  test('has examples', () => {
    expect(templates.length).toBeGreaterThan(5)
  })

  test.each(templates)('shows a template: %s', (text) => {
    expect(parseTemplate(text.replaceAll('\n', '')).attributes.length).toBeGreaterThan(0)
  })

  const rows = displays(section(page, 'COMING FROM SLAPI-NIS'))
    .join('')
    .split(/\n(?=%)/)
    .map((row) => row.trim().split(/\s+(.*)/s))

  test('has a row for each function of the formats of slapi-nis', () => {
    const functions = rows.flatMap(([format]) => /^%(\w+)\(/.exec(format!)?.[1] ?? [])
    expect(functions).toEqual(FUNCTIONS.split(' '))
  })

  test.each(rows)('shows %s as the template %s', (format, text) => {
    const { attributes, linked } = parseTemplate(text)
    const read = [...attributes, ...linked.attributes]
    expect([...new Set(read)].sort()).toEqual([...new Set(text.match(/\b[abc]\b/g))].sort())
    expect(format).toMatch(/^%/)
  })
})
