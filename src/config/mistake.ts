import type { Position } from './config.ts'

/**
 * Ends the reading of one statement; whoever reads statements catches it, reports it and goes on with the next.
 * An empty message is not reported: its cause already is.
 */
export class Mistake extends Error {
  readonly code = 'SYNTAX'
  override readonly name = 'Mistake'
  readonly at: Position

  constructor(at: Position, message: string) {
    super(message)
    this.at = at
  }
}
