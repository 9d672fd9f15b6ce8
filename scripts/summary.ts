/** Adds up what scripts/test ran, from the files in the folder given; the last line is the sum. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

interface VitestReport {
  readonly success: boolean
  readonly numPassedTests: number
  readonly numFailedTests: number
  readonly numPendingTests: number
  readonly numTodoTests: number
  readonly numFailedTestSuites: number
  readonly testResults: readonly { readonly name: string; readonly assertionResults: readonly Assertion[] }[]
}

interface Assertion {
  readonly status: string
  readonly fullName: string
}

const folder = process.argv[2]!
const sum = { passed: 0, failed: 0, skipped: 0 }

function json(name: string): unknown {
  return JSON.parse(readFileSync(join(folder, name), 'utf8'))
}

function addReport(name: string): void {
  const report = json(name) as VitestReport
  sum.passed += report.numPassedTests
  sum.failed += report.numFailedTests
  // A file that could not be loaded has no test that failed, and is a failure all the same.
  if (!report.success && report.numFailedTests === 0) sum.failed += Math.max(1, report.numFailedTestSuites)
  sum.skipped += report.numPendingTests + report.numTodoTests
  for (const { name: file, assertionResults } of report.testResults) {
    for (const { status, fullName } of assertionResults) {
      if (status !== 'passed') console.log(`${status}: ${file}: ${fullName}`)
    }
  }
}

function addLeftOut(name: string): void {
  for (const { name: test } of json(name) as readonly { readonly name: string }[]) {
    console.log(`left out: ${test}`)
    sum.skipped += 1
  }
}

const files = readdirSync(folder)
for (const file of files) {
  if (file === 'left-out.json') addLeftOut(file)
  else if (file.endsWith('.json')) addReport(file)
  else if (file.startsWith('check.')) {
    const outcome = readFileSync(join(folder, file), 'utf8').trim()
    sum[outcome === 'passed' || outcome === 'skipped' ? outcome : 'failed'] += 1
  }
}
if (!files.includes('unit.json')) sum.failed += 1
console.log(`${sum.passed} passed, ${sum.failed} failed, ${sum.skipped} skipped`)
process.exitCode = sum.failed === 0 && sum.passed > 0 ? 0 : 1
