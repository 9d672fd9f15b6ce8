/** Bytes below space, DEL and C1 controls would let a directory entry forge a line or drive a terminal. */
// oxlint-disable-next-line no-control-regex
const CONTROL = /[\u0000-\u001f\u007f-\u009f]/g

/** Text with its control characters as `\x1b`. */
export function visible(text: string): string {
  return text.replace(CONTROL, (character) => `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`)
}
