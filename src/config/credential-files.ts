import type { Located } from './config.ts'
import type { DirectoryDraft, Draft } from './draft.ts'
import { MAX_TOKEN } from './limits.ts'
import type { ReadFile } from './read.ts'
import type { Report } from './report.ts'

/** Reads the passwords that `bindcred file` names: files that must be as secret as the configuration itself. */
export function readCredentialFiles(draft: Draft, read: ReadFile, report: Report): void {
  for (const { directories } of [draft, ...draft.blocks]) {
    for (const directory of directories) {
      if (directory.bindcredFile !== undefined) readInto(directory, directory.bindcredFile, read, report)
    }
  }
}

function readInto(
  directory: DirectoryDraft,
  { value: path, at }: Located<string>,
  read: ReadFile,
  report: Report,
): void {
  const { file, faults } = read(path)
  const password = file?.text.replace(/\n$/, '')
  const found = password === undefined ? faults : [...faults, ...faultsOf(path, password)]
  for (const fault of found) report.problem(at, fault)
  if (password === undefined || found.length > 0) directory.damaged.add('bindcred')
  else directory.bindcred = { value: password, at }
}

/** Nothing of what is in the file gets into a message. */
function faultsOf(path: string, password: string): readonly string[] {
  if (password === '') return [`${path} is empty, expected a password`]
  if (/[\n\r\0\ufffd]/.test(password))
    return [`${path} holds more than one line of text, expected a password`]
  if (password.length > MAX_TOKEN) return [`${path} is too long, expected at most ${MAX_TOKEN} characters`]
  return []
}
