import type { Octets } from '../../maps/rows.ts'
import type { Entry } from '../entry.ts'
import { foldCase } from '../octets.ts'
import { rdnsOf } from './dn-key.ts'
import { EvaluationError } from './error.ts'
import { type List, NONE } from './expression.ts'

/** The values of an attribute. */
export function attributeList(name: string): List {
  const key = name.toLowerCase()
  return (entry) => {
    const values = entry.attributes.get(key)
    return values !== undefined && values.length > 0 ? values : refusePart(entry, key)
  }
}

/** A part of a list, as Active Directory names it, must not pass for an absent one. */
function refusePart({ attributes }: Entry, key: string): readonly Octets[] {
  for (const name of attributes.keys()) {
    if (name.startsWith(key) && name.startsWith(';range=', key.length)) {
      throw new EvaluationError(`the server gave only a part of ${key} (${name})`)
    }
  }
  return NONE
}

/** The values of an attribute, that of the entry's RDN first: the official name (RFC 2307 s.5.6, 5.7). */
export function namesList(name: string): List {
  const key = name.toLowerCase()
  const list = attributeList(name)
  return (entry, run) => {
    const values = list(entry, run)
    return values.length < 2 ? values : officialFirst(values, key, entry.dn)
  }
}

function officialFirst(values: readonly Octets[], key: string, dn: Octets): readonly Octets[] {
  const pairs: readonly string[] = rdnsOf(dn)?.[0]?.match(/(?:\\.|[^+\\])+/gs) ?? []
  // As normalizeDn writes the value of an RDN.
  const official = values.findIndex((value) =>
    pairs.includes(`${key}=${foldCase(value).replace(/[\\+]/g, '\\$&')}`),
  )
  return official < 1 ? values : [values[official]!, ...values.toSpliced(official, 1)]
}
