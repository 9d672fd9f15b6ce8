/** Whoever writes into a directory, names a map or a host: on the status page it is text, in the place of its text. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { visible } from '../../src/visible.ts'
import { pageOf } from '../status/page-of-text.ts'

/** A DN may break behind each comma, so of these there are as many as it has. */
const tagsOf = (page: string) => page.match(/<[^>]*>/g)!.filter((tag) => tag !== '<wbr>')

const ENTITIES = { '&lt;': '<', '&gt;': '>', '&amp;': '&', '&quot;': '"', '&#39;': "'" } as const

/** As a browser reads them, for what the page has of either. */
const textsOf = (page: string) =>
  page
    .replaceAll('<wbr>', '')
    .split(/<[^>]*>/)
    .map((text) =>
      text.replace(/&(?:lt|gt|amp|quot|#39);/g, (entity) => ENTITIES[entity as keyof typeof ENTITIES]),
    )

const MARKUP = [
  '<script>',
  '</script>',
  '</style>',
  '</title>',
  '</svg>',
  '<!--',
  '-->',
  '<![CDATA[',
  ']]>',
  '&lt;',
  '&#60;',
  '"',
  "'",
  '>',
  '<',
  '\0',
  '\u202e',
  ',',
]

const someText = fc
  .array(fc.oneof(fc.constantFrom(...MARKUP), fc.string({ unit: 'binary', maxLength: 6 })), {
    minLength: 1,
    maxLength: 8,
  })
  .map((parts) => parts.join(''))
  .filter((text) => text !== '')

const PLAIN = pageOf('x')

test('no text adds a tag to the page, takes one away or changes one', () => {
  fc.assert(
    fc.property(someText, (text) => {
      expect(tagsOf(pageOf(text))).toEqual(tagsOf(PLAIN))
    }),
  )
})

test('each text is read as it was written, but for characters that are no text', () => {
  const places = textsOf(PLAIN).flatMap((text, index) => (text === 'x' ? [index] : []))
  expect(places.length).toBeGreaterThan(20)
  fc.assert(
    fc.property(someText, (text) => {
      const texts = textsOf(pageOf(text))
      expect(new Set(places.map((index) => texts[index]))).toEqual(new Set([visible(text)]))
    }),
  )
})
