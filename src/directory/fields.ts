/** The fields of users and groups, as the configuration has them, to what an entry gives for them. */
import type { DirectoryConfig, Field, Source } from '../config/config.ts'
import type { Octets } from '../maps/rows.ts'
import { compileTemplate } from './compile-template.ts'
import type { Entry } from './entry.ts'
import { utf8Octets } from './octets.ts'
import { createTextMaker } from './text-maker.ts'

export type Fields = DirectoryConfig['fields']

/** '' for an entry that has nothing for the field. Throws EvaluationError when a template gives something unfit. */
export type Text = (entry: Entry) => Octets

/** The LDAP attributes that these fields are made of, each once; those that are fixed need none. */
export function fieldAttributes(names: readonly Field[], fields: Fields): readonly string[] {
  return unique(names.flatMap((name) => sourceAttributes(fields[name])))
}

/** Names of attributes, each once; capitals don't count. */
export function unique(names: readonly string[]): string[] {
  return [...new Map(names.map((name) => [name.toLowerCase(), name])).values()]
}

export function sourceAttributes(source: Source): readonly string[] {
  switch (source.kind) {
    case 'fixed':
      return []
    case 'first':
      return source.attributes
    case 'list':
      return [source.attribute]
    case 'members':
      return [...source.names, ...source.dns]
    case 'template':
      return compileTemplate(source.text, 'own').attributes
    default:
      return source satisfies never
  }
}

/** `domain` is for templates. */
export function textOf(source: Source, domain: Octets): Text {
  if (source.kind === 'fixed') {
    const text = utf8Octets(source.value)
    return () => text
  }
  if (source.kind === 'template') return createTextMaker(source.text, domain)
  const values = valuesOf(source)
  return source.kind === 'list' ? (entry) => values(entry).join(',') : (entry) => values(entry)[0] ?? ''
}

/** All values of an attribute, or of the first of several that has one. */
export function valuesOf(source: Source): (entry: Entry) => readonly Octets[] {
  const names = sourceAttributes(source).map((name) => name.toLowerCase())
  return ({ attributes }) => {
    for (const name of names) {
      const values = attributes.get(name)
      if (values !== undefined && values.length > 0) return values
    }
    return []
  }
}

/** What most rows have in common with the one before is held once. */
export function keepLast(text: Text): Text {
  let last = ''
  return (entry) => {
    const now = text(entry)
    if (now !== last) last = now
    return last
  }
}
