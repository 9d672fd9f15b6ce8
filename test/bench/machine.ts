/** What the figures depend on besides the code. */
import { readFileSync } from 'node:fs'
import { cpus, release, totalmem } from 'node:os'
import { join } from 'node:path'
import { loadKoffi } from '../../src/koffi.ts'
import { type Result, run } from '../support/lab.ts'

const ROOT = join(import.meta.dirname, '../..')

export async function machineFacts(): Promise<Record<string, string>> {
  const [processor] = cpus()
  return {
    date: new Date().toISOString().replace(/\.\d+Z$/, 'Z'),
    machine: `${processor?.model.trim() ?? 'unknown'}, ${cpus().length} cores, ${Math.round(totalmem() / 1e9)} GB`,
    kernel: `Linux ${release()} ${process.arch}`,
    versions: [
      `ypldap ${versionIn(join(ROOT, 'package.json'))}${await commit()}`,
      `Node ${process.version}`,
      `koffi ${koffiVersion()}`,
      ...(await packageVersions('ypserv', 'slapi-nis', '389-ds-base', 'slapd')),
    ].join(', '),
  }
}

function versionIn(file: string): string {
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version
}

function koffiVersion(): string {
  try {
    return loadKoffi().version
  } catch {
    return 'none'
  }
}

/** Of those that are installed. */
async function packageVersions(...names: readonly string[]): Promise<readonly string[]> {
  const format = `\${Package} \${Version}\n`
  const listed = await run('dpkg-query', ['-W', '-f', format, ...names]).catch(() => undefined)
  return (listed?.stdout ?? '').split('\n').filter((line) => /^\S+ \S/.test(line))
}

/** Of a checkout, and whether it is as committed. */
async function commit(): Promise<string> {
  const head = await git('rev-parse', '--short', 'HEAD')
  if (head?.status !== 0) return ''
  const changed = (await git('status', '--porcelain', '--', 'src', 'rpc'))?.stdout !== ''
  return ` (${head.stdout.trim()}${changed ? ', changed' : ''})`
}

/** Undefined where there is no git. */
function git(...words: readonly string[]): Promise<Result | undefined> {
  return run('git', ['-c', `safe.directory=${ROOT}`, '-C', ROOT, ...words]).catch(() => undefined)
}
