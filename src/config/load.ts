import { type CheckedConfig, parseConfig } from './parser.ts'
import { readFile, readPublicFile } from './read.ts'
import { servicePort } from './services.ts'

/**
 * Reads a configuration from disk with all the files that it includes, whose paths are relative to the working
 * directory. `macros` are those of the command line, which win over the file's.
 */
export function loadConfig(path: string, macros: ReadonlyMap<string, string>): CheckedConfig {
  return parseConfig(path, macros, { read: readFile, readNets: readPublicFile, servicePort })
}
