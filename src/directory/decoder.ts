import { MessageParser } from 'ldapts'

import { createEntryReader } from './entry-message.ts'
import { DirectoryError } from './error.ts'
import { checkResponse } from './wellformed.ts'

/** An entry, or one of the library's response classes. */
export interface Decoded {
  readonly messageId: number
}

/**
 * Gives a function that decodes the message at a place of what came. What is no entry the library decodes, and it is
 * shown nothing that has not the right shape: see checkResponse for what it would make of it. `mostValues` of an entry.
 * @throws DirectoryError (protocol) from the function
 */
export function createDecoder(mostValues?: number): (bytes: Buffer, start: number, end: number) => Decoded {
  const readEntry = createEntryReader(mostValues)
  const parser = new MessageParser()
  let decoded: Decoded | undefined
  parser.on('message', (message) => {
    decoded = message
  })
  parser.on('error', (error) => {
    throw new DirectoryError('protocol', `the server sent a message that can't be decoded: ${error.message}`)
  })
  return (bytes, start, end) => {
    const entry = readEntry(bytes, start, end)
    if (entry !== undefined) return entry
    const message = bytes.subarray(start, end)
    checkResponse(message)
    decoded = undefined
    parser.read(message, new Map())
    if (decoded === undefined) throw new DirectoryError('protocol', 'the server sent half a message')
    return decoded
  }
}
