import { lstatSync, readlinkSync, type Stats } from 'node:fs'
import { dirname, isAbsolute } from 'node:path'

/** Something that is passed on the way to a file: a directory, a link, or at the end the file itself. */
export interface Step {
  readonly path: string
  readonly stats: Stats
}

/** As many as Linux follows. */
const MAX_LINKS = 40

/** All that the kernel passes on its way to `path`, which is the last; throws what the file system says. */
export function walk(path: string): readonly [Step, ...Step[]] {
  const rest = names(isAbsolute(path) ? path : `${process.cwd()}/${path}`)
  const steps: [Step, ...Step[]] = [{ path: '/', stats: lstatSync('/') }]
  // Of what is behind us no link is left, so that what is above it is plain.
  let reached = ''
  let links = 0
  for (let name = rest.shift(); name !== undefined; name = rest.shift()) {
    const here = name === '..' ? dirname(reached || '/') : `${reached}/${name}`
    const stats = lstatSync(here)
    steps.push({ path: here, stats })
    if (!stats.isSymbolicLink()) {
      reached = here === '/' ? '' : here
      continue
    }
    links += 1
    if (links > MAX_LINKS) throw new Error('ELOOP: too many links one after the other')
    const target = readlinkSync(here)
    if (isAbsolute(target)) reached = ''
    rest.unshift(...names(target))
  }
  return steps
}

function names(path: string): string[] {
  return path.split('/').filter((name) => name !== '' && name !== '.')
}
