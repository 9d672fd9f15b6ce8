/** A run of one target in a process of its own, which it may take down: started by fenced.ts, and told what to do. */

import { writeCorpus } from './corpus.ts'
import { startCoverage } from './coverage.ts'
import { distilled } from './distil.ts'
import type { Order, Report } from './fenced.ts'
import { fuzz, type Outcome } from './fuzz.ts'
import { loadTargets } from './targets.ts'

const order = JSON.parse(process.argv[2]!) as Order
const tell = (report: Report) => process.stdout.write(`${JSON.stringify(report)}\n`)
const encoded = ({ inputs, finding, ...figures }: Outcome): Report => ({
  ...figures,
  kind: 'outcome',
  inputs: inputs.length,
  finding: finding && { reason: finding.reason, hex: finding.input?.toString('hex') },
})

// Most inputs are refused with an error: its stack would take longer than all else.
Error.stackTraceLimit = 0
// Blocks are counted of what is loaded after the start.
const coverage = order.guided ? startCoverage() : undefined
const target = (await loadTargets(order.target)).find(({ name }) => name === order.target)!
const progress = (executions: number) => tell({ kind: 'progress', executions })
const outcome = await fuzz(target, { ...order, current: order.current, progress }, coverage)
if (order.keep && coverage !== undefined) {
  writeCorpus(
    order.target,
    await distilled(target, outcome.inputs, coverage, () => progress(outcome.executions)),
  )
}
tell(encoded(outcome))
coverage?.end()
