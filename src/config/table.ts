/** The tables that a directory gives: what is searched, and how a map's records are written from what is found. */
import type { Located } from './config.ts'

/** Texts are templates, but for base and filter. */
export interface TableConfig {
  readonly of:
    | { readonly kind: 'named'; readonly map: string }
    /** an entry names its map, which counts when it is one of `only`: names, with `*` for any characters */
    | {
        readonly kind: 'found'
        readonly map: Located<string>
        readonly only: readonly string[]
        /** it may have the name of a map that ypldap brings along */
        readonly any: boolean
      }
    /** no records: templates of other tables follow DNs to its entries */
    | { readonly kind: 'followed' }
  readonly base: Located<string>
  readonly filter: Located<string>
  /** its values make a record each, in whose templates they are `it`; without it an entry makes one */
  readonly each?: Located<string>
  /** one or several; without them an entry only says that there is its map */
  readonly key?: Located<string>
  /** further keys, which yield to another entry's key */
  readonly aliases?: Located<string>
  /** one for all keys, or as many as there are keys */
  readonly value?: Located<string>
}
