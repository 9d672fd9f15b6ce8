import type { Config } from '../../src/config/config.ts'
import { CONCEALED } from '../../src/config/effective-directory.ts'

/** All that counts of a configuration: not where a word stands, nor in which file, nor what a password is. */
export function meaningOf({ file: _file, closed: _closed, ...config }: Config): unknown {
  const text = JSON.stringify(config, (name, value: unknown) => {
    if (name === 'at') return undefined
    return name === 'password' ? CONCEALED : value
  })
  return JSON.parse(text)
}
