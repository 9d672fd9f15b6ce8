/** Bounds of what one process says to another. */

/** One message; anything whose size depends on a directory is sent in parts. */
export const MESSAGE_BYTES = 4 * 1024 * 1024

/** Rows or records in one part of an answer. */
export const PART_ITEMS = 200

/** Characters in one part of an answer, before the sender starts another: in JSON one may take six bytes. */
export const PART_CHARACTERS = 65_536
