/** A text that is not on disk yet, read as the daemon would read it. */
import type { Config, DirectoryConfig, DomainConfig } from '../config/config.ts'
import { parseConfig } from '../config/parser.ts'
import { readFile, readPublicFile } from '../config/read.ts'
import { servicePort } from '../config/services.ts'
import { checkDirectories } from '../directory/check.ts'
import { configText, type Draft } from './text.ts'

/** What was said makes no configuration. */
export class DraftError extends Error {
  override readonly name = 'DraftError'
}

/** No path that a file could have. */
const UNWRITTEN = '\0'

export interface Read {
  readonly config: Config
  readonly domain: DomainConfig
  readonly directory: DirectoryConfig
}

/** Throws DraftError, with everything that is wrong. */
export function readDraft(draft: Draft): Read {
  const text = configText(draft)
  const { config, problems } = parseConfig(UNWRITTEN, new Map(), {
    read: (path) =>
      path === UNWRITTEN ? { file: { text, identity: UNWRITTEN }, faults: [] } : readFile(path),
    readNets: readPublicFile,
    servicePort,
  })
  const [domain] = config?.domains ?? []
  const [directory] = domain?.directories ?? []
  const wrong = [...problems, ...(domain === undefined ? [] : checkDirectories(domain))]
  if (wrong.length > 0) throw new DraftError(wrong.map(({ message }) => message).join('\n'))
  if (config === undefined || domain === undefined || directory === undefined) {
    throw new DraftError('there is no domain with a directory')
  }
  return { config, domain, directory }
}
