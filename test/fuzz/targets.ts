import { globSync } from 'node:fs'
import { basename } from 'node:path'
import type { Target } from './target.ts'

const FOLDER = new URL('targets/', import.meta.url)

/** The files of targets/, which are the first halves of the targets' names. */
export const TARGET_FILES = globSync('*.ts', { cwd: FOLDER })
  .map((file) => basename(file, '.ts'))
  .filter((name) => name !== 'planted')
  .sort()

/** Those in the file that a name begins with. */
export async function loadTargets(name: string): Promise<readonly Target[]> {
  const [file = ''] = name.split('/')
  const { targets } = (await import(new URL(`${file}.ts`, FOLDER).href)) as { targets: readonly Target[] }
  return targets
}
