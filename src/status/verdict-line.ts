/** How all fares, in one line that says so without its colour too. */
import type { Verdict, Word } from '../control/verdict.ts'
import { type Html, html, outside } from './html.ts'

export const VERDICTS: Readonly<Record<Word, string>> = {
  fresh: 'All is well',
  stale: 'Stale',
  down: 'Down',
}

export function verdictLine({ word, text }: Verdict): Html {
  return html`<p class="verdict ${word}"><strong>${VERDICTS[word]}:</strong> ${outside(text)}</p>\n`
}
