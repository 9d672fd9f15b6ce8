import { MessageParser } from 'ldapts'

import { DirectoryError } from './error.ts'
import { checkResponse } from './wellformed.ts'

/** One of the library's response classes. */
export interface Decoded {
  readonly messageId: number
}

/**
 * Gives a function that decodes one whole message. The library decodes it, and is shown nothing that has not the
 * right shape: see checkResponse for what it would make of it.
 * @throws DirectoryError (protocol) from the function
 */
export function createDecoder(): (message: Buffer) => Decoded {
  const parser = new MessageParser()
  let decoded: Decoded | undefined
  parser.on('message', (message) => {
    decoded = message
  })
  parser.on('error', (error) => {
    throw new DirectoryError('protocol', `the server sent a message that can't be decoded: ${error.message}`)
  })
  return (message) => {
    checkResponse(message)
    decoded = undefined
    parser.read(message, new Map())
    if (decoded === undefined) throw new DirectoryError('protocol', 'the server sent half a message')
    return decoded
  }
}
