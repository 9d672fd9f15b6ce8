import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import type { Entry } from '../../src/directory/entry.ts'
import { EvaluationError, pointed, TemplateError } from '../../src/directory/template/error.ts'
import { createLinks } from '../../src/directory/template/links.ts'
import { evaluate, parseTemplate } from '../../src/directory/template/template.ts'
import { textOf } from '../../src/directory/template/value.ts'

const links = createLinks([], [])

function textsOf(template: string, entry: Entry): string[] {
  return evaluate(parseTemplate(template), entry, { domain: 'd', links }).map(textOf)
}

const NAMES = ['a', 'b', 'c'] as const
const entries: fc.Arbitrary<Entry> = fc
  .record({
    a: fc.array(fc.constantFrom('x', 'y', 'Z', ''), { maxLength: 3 }),
    b: fc.array(fc.constantFrom('X', 'z'), { maxLength: 2 }),
    c: fc.constant(['c']),
  })
  .map((values) => ({ dn: 'cn=c', attributes: new Map(Object.entries(values)) }))

/** An expression as it is written, and what it gives. */
interface Sample {
  readonly text: string
  readonly values: (entry: Entry) => readonly string[]
}

const attribute = fc
  .constantFrom(...NAMES)
  .map((name): Sample => ({ text: name, values: ({ attributes }) => attributes.get(name) ?? [] }))

const constant = fc.constantFrom('', '-', 'x', '{', '}', '"').map(
  (text): Sample => ({
    text: `'${text.replace(/[{}]/g, '$&$&')}'`,
    values: () => [text],
  }),
)

const STEPS: readonly (readonly [text: string, step: (values: readonly string[]) => readonly string[]])[] = [
  ['first', (values) => values.slice(0, 1)],
  ['only', (values) => (values.length === 1 ? values : [])],
  ['sort', (values) => values.toSorted()],
  ['unique', (values) => values.filter((value, index) => values.indexOf(value) === index)],
  ["join '+'", (values) => [values.join('+')]],
  ['match /[x-z]/', (values) => values.filter((value) => /[x-z]/.test(value))],
  ['match /x/i', (values) => values.filter((value) => /x/i.test(value))],
  ["replace /[xyz]/ '<\\0>'", (values) => values.map((value) => value.replace(/[xyz]/g, '<$&>'))],
  ['numbers', (values) => values.map((_, index) => `${index + 1}`)],
]

const { expression } = fc.letrec<{ expression: Sample; term: Sample; pipe: Sample }>((tie) => ({
  term: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    attribute,
    constant,
    tie('expression').map(({ text, values }) => ({ text: `(${text})`, values })),
    fc.array(tie('expression'), { maxLength: 3 }).map((list) => ({
      text: `[${list.map(({ text }) => text).join(', ')}]`,
      values: (entry: Entry) => list.flatMap(({ values }) => values(entry)),
    })),
    fc.tuple(tie('expression'), tie('expression')).map(([left, right]) => ({
      text: `"{${left.text}}.{${right.text}}"`,
      values: (entry: Entry) =>
        left.values(entry).flatMap((one) => right.values(entry).map((other) => `${one}.${other}`)),
    })),
  ),
  pipe: fc.tuple(tie('term'), fc.array(fc.constantFrom(...STEPS), { maxLength: 3 })).map(([term, steps]) => ({
    text: [term.text, ...steps.map(([name]) => name)].join(' | '),
    values: (entry: Entry) => steps.reduce((values, [, step]) => step(values), term.values(entry)),
  })),
  expression: fc.oneof(
    tie('pipe'),
    fc.array(tie('pipe'), { minLength: 1, maxLength: 3 }).map((choices) => ({
      text: choices.map(({ text }) => text).join(' or '),
      values: (entry: Entry) =>
        choices.map(({ values }) => values(entry)).find((values) => values.length > 0) ?? [],
    })),
    fc.tuple(attribute, constant, tie('expression'), tie('expression')).map(([left, right, then, other]) => ({
      text: `if ${left.text} = ${right.text} then ${then.text} else ${other.text}`,
      values: (entry: Entry) => {
        const wanted = new Set(right.values(entry).map((value) => value.toLowerCase()))
        const isTrue = left.values(entry).some((value) => wanted.has(value.toLowerCase()))
        return (isTrue ? then : other).values(entry)
      },
    })),
  ),
}))

describe('a template', () => {
  test('gives what a model of the language gives, in all combinations', () => {
    let given = 0
    fc.assert(
      fc.property(fc.array(expression, { maxLength: 3 }), entries, (parts, entry) => {
        const template = parts.map(({ text }) => `<{${text}}>`).join('')
        const lists = parts.map(({ values }) => values(entry))
        let expected = ['']
        for (const list of lists)
          expected = expected.flatMap((head) => list.map((value) => `${head}<${value}>`))
        if (expected.length === 0) expect(() => textsOf(template, entry)).toThrow('no value of ')
        else {
          given += 1
          expect(textsOf(template, entry)).toEqual(expected)
        }
      }),
      { numRuns: 3_000 },
    )
    expect(given).toBeGreaterThan(500)
  })

  test('is refused with a place in it, or fails with a reason, but nothing else', () => {
    const piece = fc.constantFrom(
      ...`{ } {{ }} ( ) [ ] ' " / \\ \\1 , = | ; a cn * . 7 é if then else or names attribute dn domain follow all`.split(
        ' ',
      ),
      ...'referrers parent where get zip pad with first join up to match extract replace glob crypt'.split(
        ' ',
      ),
      ' ',
      '(a=b)',
    )
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 20 }), entries, (pieces, entry) => {
        for (const text of [pieces.join(' '), `{${pieces.join('')}}`]) {
          try {
            expect(textsOf(text, entry).length).toBeGreaterThan(0)
          } catch (error) {
            if (error instanceof EvaluationError) continue
            expect(error).toBeInstanceOf(TemplateError)
            const { at } = error as TemplateError
            expect(at).toBeGreaterThanOrEqual(0)
            expect(at).toBeLessThanOrEqual(text.length)
            expect(pointed(text, error as TemplateError)).toMatch(/^.*\n *\^$/)
          }
        }
      }),
      { numRuns: 5_000 },
    )
  })
})
