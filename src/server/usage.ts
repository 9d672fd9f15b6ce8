/** What one thread was asked, and by whom. */
import type { Origin } from './access-list.ts'
import { Clients, type ClientsTold, NO_CLIENTS } from './clients.ts'
import { countCall, type Row, Tally } from './tally.ts'

/** What it tells the main thread of that. */
export interface Told {
  readonly rows: readonly Row[]
  readonly clients: ClientsTold
  /** clients that others took the place of */
  readonly forgotten: number
}

export const NOTHING_TOLD: Told = { rows: [], clients: NO_CLIENTS, forgotten: 0 }

export class Usage {
  readonly tally = new Tally()
  readonly #clients = new Clients()

  /** Looks at the clock, for the calls that come next. */
  tick(): void {
    this.now = Math.floor(Date.now() / 1000)
  }

  /** seconds since 1970 */
  set now(seconds: number) {
    this.#clients.now = seconds
  }

  /** A call that has been answered, or for which silence is the answer. */
  count(row: Row, procedure: number, outcome: number, { bytes, start, length }: Origin): void {
    countCall(row, procedure, outcome)
    this.#clients.count(bytes, start, length, procedure, row.number)
  }

  get forgotten(): number {
    return this.#clients.forgotten
  }

  tell(): Told {
    return { rows: this.tally.rows, clients: this.#clients.tell(), forgotten: this.forgotten }
  }
}
