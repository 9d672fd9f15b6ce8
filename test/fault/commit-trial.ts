/** Commits one image, lets a command change the folder, tries another image and then the first again, and says
 * what came of it: `node commit-trial.ts TARGET FIRST SECOND [COMMAND]`. */
import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { commitImage, loadImage } from '../../src/maps/image-file.ts'

const [target = '', first = '', second = '', command = ':'] = process.argv.slice(2)

export interface Tried {
  /** of the commit; without it there was none */
  readonly code?: unknown
  readonly message?: string
  /** of what is in the folder afterwards */
  readonly generation: number
  readonly files: readonly string[]
}

async function attempt(file: string): Promise<Tried> {
  const content = readFileSync(file)
  const bytes = new ArrayBuffer(content.length)
  content.copy(Buffer.from(bytes))
  const fault = await commitImage(target, bytes).then(
    () => ({}),
    (error: Error & { code?: unknown }) => ({ code: error.code, message: error.message }),
  )
  const { generation } = await loadImage(target)
  return { ...fault, generation, files: readdirSync(dirname(target)) }
}

const tried = [await attempt(first)]
const { status } = spawnSync('sh', ['-c', command, 'sh', dirname(target)], { stdio: 'inherit' })
if (status !== 0) throw new Error(`${command} ended with ${status}`)
tried.push(await attempt(second), await attempt(first))
console.log(JSON.stringify(tried))
