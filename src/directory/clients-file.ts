/**
 * Who has asked, in a file, so that the list goes on where it was when the daemon is started again. The supervisor reads
 * it; this process, which alone may write in the state directory, is told of it in parts, each a line of JSON.
 */
import { replaceFile } from '../maps/replace-file.ts'
import type { ToDirectory } from '../messages/directory.ts'

/** The supervisor is in its group. */
const FILE_MODE = 0o640

type Part = Extract<ToDirectory, { kind: 'clients' }>

export interface ClientsFile {
  /** Replaces the file with the last part. */
  readonly take: (part: Part) => void
  /** Resolves when all is written that was told. */
  readonly written: () => Promise<void>
}

/** `failed` hears why a file could not be written: what was there before stays. */
export function createClientsFile(failed: (path: string, reason: string) => void): ClientsFile {
  let lines: string[] = []
  let writing = Promise.resolve()

  const write = async (path: string, all: readonly string[]) => {
    try {
      await replaceFile(path, FILE_MODE, async (file) => {
        for (const line of all) await file.writeFile(`${line}\n`)
        await file.sync()
      })
    } catch (error) {
      failed(path, (error as Error).message)
    }
  }

  return {
    take({ path, state, clients, last }) {
      lines.push(JSON.stringify(clients))
      if (!last) return
      const all = [JSON.stringify({ format: 'ypldap clients 1', state }), ...lines]
      lines = []
      writing = writing.then(() => write(path, all))
    },
    written: () => writing,
  }
}
