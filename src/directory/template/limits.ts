/** Every bound of templates. Sizes in bytes, of what a configuration says in characters. */

/** the text of a template */
export const MAX_TEMPLATE = 16 * 1024
/** parentheses, lists, texts and conditions inside of each other */
export const MAX_NESTING = 32
/** a regular expression */
export const MAX_PATTERN = 1_000
/** the values that one entry gives, and their text */
export const OUTPUT = { values: 10_000, bytes: 1024 * 1024 } as const
/** a list on the way there: the members of a group, before they are joined */
export const LIST = { values: 1_000_000, bytes: 64 * 1024 * 1024 } as const
/** groups within groups */
export const MAX_DEPTH = 64
/** other entries that are looked at for one, and for all that a directory gives: some 20 s of work */
export const MAX_VISITS = 1_000_000
export const MAX_ALL_VISITS = 10_000_000
