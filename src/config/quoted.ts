/**
 * A text as ypldap.conf takes it: in double quotes, where a backslash stands for itself unless a quote, a blank or the
 * end of the line follows; then the text goes on in the next line. No text of that file has an end of line.
 */
export function quoted(text: string): string {
  let written = ''
  let before = ''
  for (const character of text) {
    const isTaken = character === '"' || (before === '\\' && (character === ' ' || character === '\t'))
    written += isTaken ? `\\${character}` : character
    before = character
  }
  return `"${written}${before === '\\' ? '\\\n' : ''}"`
}
