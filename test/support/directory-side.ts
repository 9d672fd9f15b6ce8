/** The directory process's whole work in this process, with the other end of its channel. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { duplexPair } from 'node:stream'
import type { DomainConfig } from '../../src/config/config.ts'
import { DEFAULT_LIMITS } from '../../src/config/limit-table.ts'
import { runDirectory } from '../../src/directory/process.ts'
import type { Image } from '../../src/maps/image.ts'
import { loadImage } from '../../src/maps/image-file.ts'
import { openChannel } from '../../src/messages/channel.ts'
import {
  type DirectorySettings,
  type DirectorySideState,
  type DirectoryState,
  type FromDirectory,
  fromDirectory,
  type RefreshResult,
  type ToDirectory,
} from '../../src/messages/directory.ts'
import { directoryLimits, directorySettings } from '../../src/supervisor/settings.ts'

/** Those of a configuration that says nothing of them. */
const LIMITS = directoryLimits({ limits: DEFAULT_LIMITS })

type Of<K extends FromDirectory['kind']> = Extract<FromDirectory, { kind: K }>

export interface DirectoryLab {
  /** the state directory */
  readonly state: string
  /** everything that was said, and the lines of the log as `level id: text` */
  readonly said: FromDirectory[]
  readonly lines: string[]
  readonly send: (message: ToDirectory) => void
  readonly configure: (config: DomainConfig, changes?: Partial<DirectorySettings>) => void
  /** Waits for a message, said before or not; the same one is never given twice. */
  readonly next: <K extends FromDirectory['kind']>(
    kind: K,
    fits?: (message: Of<K>) => boolean,
  ) => Promise<Of<K>>
  /** Waits for a refresh that ends after all that have been given. */
  readonly ended: () => Promise<RefreshResult>
  readonly latest: () => DirectorySideState
  readonly directory: (label: string) => DirectoryState
  /** Asks for a refresh and waits for its end; the error, or undefined. */
  readonly refresh: (request?: { force?: boolean; directory?: string }) => Promise<string | undefined>
  /** the image that is committed now */
  readonly image: () => Promise<Image>
  /** Closes the channel and waits for the end of the process. */
  readonly stop: () => Promise<void>
}

/** With a state directory of its own, or `state`, which then outlives it. */
export function startDirectory(state?: string): DirectoryLab {
  const folder = state ?? mkdtempSync(join(tmpdir(), 'ypldap-state-'))
  const [here, there] = duplexPair()
  const said: FromDirectory[] = []
  const lines: string[] = []
  const given = new Set<FromDirectory>()
  let heard = Promise.withResolvers<void>()
  let domain = ''
  let ids = 0
  const over = runDirectory(
    there,
    (level, id, text) => lines.push(`${level} ${id}: ${text}`),
    () => {},
    Infinity,
  )
  const channel = openChannel<FromDirectory, ToDirectory>(here, fromDirectory, {
    message(message) {
      said.push(message)
      heard.resolve()
      heard = Promise.withResolvers()
    },
    fault(reason) {
      throw new Error(reason)
    },
    end() {},
  })

  const lab: DirectoryLab = {
    state: folder,
    said,
    lines,
    send: (message) => channel.send(message),
    configure(config, changes = {}) {
      ;({ domain } = config)
      channel.send({ ...directorySettings(config, LIMITS, folder), ...changes })
    },
    async next(kind, fits = () => true) {
      for (;;) {
        const found = said.find(
          (message) => message.kind === kind && !given.has(message) && fits(message as never),
        )
        if (found !== undefined) {
          given.add(found)
          return found as never
        }
        await heard.promise
      }
    },
    async ended() {
      const { last } = await lab.next('state', ({ refreshing, last }) => !refreshing && last !== null)
      return last!
    },
    latest() {
      const states = said.filter((message) => message.kind === 'state')
      return states.at(-1)!
    },
    directory: (label) => lab.latest().directories.find((one) => one.label === label)!,
    async refresh({ force = false, directory } = {}) {
      const id = ++ids
      channel.send({ kind: 'refresh', id, domain, force, ...(directory !== undefined && { directory }) })
      return (await lab.next('end', (message) => message.id === id)).error
    },
    image: () => loadImage(join(folder, `${domain}.image`)),
    async stop() {
      channel.end()
      await over
      if (state === undefined) rmSync(folder, { recursive: true })
    },
  }
  return lab
}
