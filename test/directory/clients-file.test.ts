import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createClientsFile } from '../../src/directory/clients-file.ts'
import { packClients } from '../../src/messages/packed-clients.ts'
import type { Client } from '../../src/messages/usage.ts'

let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ypldap-clients-'))
})

afterEach(() => rmSync(folder, { recursive: true }))

const state = { since: 7, forgotten: 1 }

function part(path: string, address: string, last: boolean) {
  const client: Client = { address, first: 1, last: 2, calls: 3, procedures: ['all'], maps: [] }
  return { kind: 'clients' as const, path, state, clients: packClients([client]), last }
}

describe('the file of clients', () => {
  test('is written with the last part, a line each behind what it is', async () => {
    const path = join(folder, 'clients')
    const file = createClientsFile(() => {})
    file.take(part(path, '192.0.2.1', false))
    await file.written()
    expect(existsSync(path)).toBe(false)
    file.take(part(path, '192.0.2.2', true))
    await file.written()
    const lines = readFileSync(path, 'utf8').trimEnd().split('\n')
    expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual([
      { format: 'ypldap clients 1', state },
      part(path, '192.0.2.1', false).clients,
      part(path, '192.0.2.2', true).clients,
    ])
    expect(statSync(path).mode & 0o777).toBe(0o640)
  })

  test('is replaced by the next list, not added to', async () => {
    const path = join(folder, 'clients')
    const file = createClientsFile(() => {})
    for (const address of ['192.0.2.1', '192.0.2.2']) file.take(part(path, address, true))
    await file.written()
    const text = readFileSync(path, 'utf8')
    expect(text).toContain('192.0.2.2')
    expect(text).not.toContain('192.0.2.1')
  })

  test('that can not be written is told of, and the next is tried', async () => {
    const failures: string[] = []
    const file = createClientsFile((path, reason) => failures.push(`${path}: ${reason}`))
    file.take(part(join(folder, 'nowhere/clients'), '192.0.2.1', true))
    file.take(part(join(folder, 'clients'), '192.0.2.2', true))
    await file.written()
    expect(failures).toEqual([expect.stringMatching(/nowhere\/clients: ENOENT/)])
    expect(readFileSync(join(folder, 'clients'), 'utf8')).toContain('192.0.2.2')
  })
})
