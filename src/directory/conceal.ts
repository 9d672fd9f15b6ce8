/** A server's words are part of an error, and nothing keeps it from repeating what it was sent. */
export function conceal(text: string, secret: string): string {
  return secret === '' ? text : text.replaceAll(secret, '***')
}
