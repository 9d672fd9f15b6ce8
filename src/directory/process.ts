/** The directory process: holds what the directories are asked with, and makes images of what they give. */
import type { Duplex } from 'node:stream'
import type { Log, LogLevel } from '../log.ts'
import type { Rejected } from '../maps/merge.ts'
import { createAnswers, type Sayings } from '../messages/answers.ts'
import { openChannel } from '../messages/channel.ts'
import { clip, MAX_FINDINGS } from '../messages/common.ts'
import {
  type DirectorySettings,
  type FromDirectory,
  type ToDirectory,
  toDirectory,
} from '../messages/directory.ts'
import { createClientsFile } from './clients-file.ts'
import { DirectoryError } from './error.ts'
import { explainUser, type Finding } from './explain.ts'
import { readable } from './octets.ts'
import { createRoom } from './room.ts'
import { createDirectorySide, type DirectorySide } from './side.ts'
import { createSlots } from './slots.ts'

/** Answers that may be under way at once. */
const OPEN_ANSWERS = 32

/** Refreshes of several domains: each holds its rows and its image at its end. */
const MOST_REFRESHES = 2

/** Users that may be explained at once: each asks all directories. */
const MOST_EXPLAINED = 2

/** Milliseconds for one of them. */
const EXPLAIN_MS = 60_000

/** Works until its channel ends, or something is wrong that the log tells of. It may have `memory` resident bytes. */
export async function runDirectory(
  stream: Duplex,
  log: Log,
  setLevel: (level: LogLevel) => void,
  memory: number,
): Promise<void> {
  const over = Promise.withResolvers<void>()
  const send = (message: FromDirectory) => channel.send(message)
  const slots = createSlots(MOST_REFRESHES)
  const room = createRoom(memory)
  const sides = new Map<string, DirectorySide>()
  const clientsFile = createClientsFile((path, reason) =>
    log('warning', 'clients-not-kept', `who uses NIS could not be kept in ${path}: ${reason}`),
  )
  /** the ends of those that were removed */
  const leaving = new Map<string, Promise<void>>()
  const end = (id: number, error?: string) => {
    send({ kind: 'end', id, ...(error !== undefined && { error: clip(error) }) })
  }
  const rejected = createAnswers({ end, most: OPEN_ANSWERS })
  const rows: Sayings<Rejected> = {
    part: (id, items) => send({ kind: 'rows', id, rows: items.map(shown) }),
    size: ({ directory, dn, reason }) => directory.length + dn.length + reason.length,
  }

  /** Where there are several domains each line says of which it speaks. */
  const logOf =
    (domain: string): Log =>
    (level, event, text) => {
      const isSaid = sides.size < 2 || text.startsWith(`${domain}: `)
      log(level, event, isSaid ? text : `${domain}: ${text}`)
    }

  const configure = (settings: DirectorySettings) => {
    const { domain } = settings
    const after = leaving.get(domain) ?? Promise.resolve()
    const side =
      sides.get(domain) ?? createDirectorySide({ domain, send, log: logOf(domain), slots, room, after })
    sides.set(domain, side)
    side.configure(settings)
  }

  const remove = (domain: string) => {
    const side = sides.get(domain)
    if (side === undefined) return
    sides.delete(domain)
    const gone = side.stop().finally(() => {
      if (leaving.get(domain) === gone) leaving.delete(domain)
    })
    leaving.set(domain, gone)
  }

  const refresh = async (domain: string, force: boolean, directory: string | undefined) => {
    const side = sides.get(domain)
    if (side === undefined) throw new Error(`no such domain: ${domain}`)
    await side.refresh(force, directory)
  }

  const explaining = new Set<AbortController>()
  const explain = async (id: number, domain: string, name: string) => {
    const side = sides.get(domain)
    const settings = side?.settings()
    if (side === undefined || settings === undefined) throw new Error(`no such domain: ${domain}`)
    if (explaining.size >= MOST_EXPLAINED) throw new Error('too many requests at once: try again')
    const stop = new AbortController()
    explaining.add(stop)
    const late = new DirectoryError('deadline', `no answer within ${EXPLAIN_MS / 1000} s`)
    const timer = setTimeout(() => stop.abort(late), EXPLAIN_MS)
    try {
      const findings = await explainUser(name, { settings, rejected: side.rejected(), signal: stop.signal })
      send({ kind: 'explained', id, findings: mostTelling(findings).map(clipped) })
    } finally {
      clearTimeout(timer)
      explaining.delete(stop)
    }
  }

  const channel = openChannel<ToDirectory, FromDirectory>(stream, toDirectory, {
    message(message) {
      switch (message.kind) {
        case 'ping':
          return send({ kind: 'pong', id: message.id })
        case 'log-level':
          return setLevel(message.level)
        case 'configure':
          return configure(message)
        case 'remove':
          return remove(message.domain)
        case 'refresh': {
          const { id, domain, force, directory } = message
          return void refresh(domain, force, directory).then(
            () => end(id),
            (error: Error) => end(id, error.message),
          )
        }
        case 'recommit':
          return sides.get(message.domain)?.recommit()
        case 'clients':
          return clientsFile.take(message)
        case 'rejected':
          return rejected.begin(message.id, (sides.get(message.domain)?.rejected() ?? []).values(), rows)
        case 'more':
          return rejected.more(message.id)
        case 'drop':
          return rejected.drop(message.id)
        case 'explain': {
          const { id, domain, name } = message
          return void explain(id, domain, name).catch((error: Error) =>
            send({ kind: 'explained', id, findings: [], error: clip(error.message) }),
          )
        }
        default:
          message satisfies never
      }
    },
    fault(reason) {
      log('error', 'bad-message', `the supervisor said what the directory process does not know: ${reason}`)
      over.resolve()
    },
    end: over.resolve,
  })
  await over.promise
  for (const stop of explaining) stop.abort(new DirectoryError('aborted', 'ypldap is ending'))
  await clientsFile.written()
  await Promise.all([...[...sides.values()].map((side) => side.stop()), ...leaving.values()])
  channel.end()
}

function shown({ directory, dn, reason }: Rejected) {
  return { directory: clip(directory), dn: clip(readable(dn)), reason: clip(readable(reason)) }
}

/** Of many directories, those that have something. */
function mostTelling(findings: readonly Finding[]): readonly Finding[] {
  if (findings.length <= MAX_FINDINGS) return findings
  return findings.filter(({ dn }) => dn !== '').slice(0, MAX_FINDINGS)
}

function clipped({ reasons, ...finding }: Finding) {
  return {
    ...finding,
    directory: clip(finding.directory, FINDING_CHARACTERS),
    dn: clip(finding.dn, FINDING_CHARACTERS),
    row: clip(finding.row),
    attributes: finding.attributes.map(({ name, values }) => ({ name, values: [...values] })),
    reasons: reasons.slice(0, MOST_REASONS).map((reason) => clip(reason, FINDING_CHARACTERS)),
  }
}

/** So that all findings fit into one message. */
const FINDING_CHARACTERS = 1024
const MOST_REASONS = 16
