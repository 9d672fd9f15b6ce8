import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { writeImage } from '../../src/maps/image-writer.ts'
import { mapRecords } from '../support/map-records.ts'
import type { Tried } from './commit-trial.ts'

const TRIAL = new URL('commit-trial.ts', import.meta.url).pathname
const ROOT = process.getuid?.() === 0

/** Mounts of its own, as root or with a user namespace where those are allowed. */
const UNSHARE = ['unshare', ...(ROOT ? [] : ['--user', '--map-root-user']), '--mount']
const MAY_MOUNT = process.platform === 'linux' && spawnSync('env', [...UNSHARE, 'true']).status === 0

let folder: string
let state: string
let target: string
let small: string
let large: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ypldap-disk-'))
  state = join(folder, 'state')
  target = join(state, 'd.image')
  small = join(folder, 'small')
  large = join(folder, 'large')
  mkdirSync(state)
  writeFileSync(small, imageOf(1, 1000))
  writeFileSync(large, imageOf(2, 5_000_000))
})

afterEach(() => {
  rmSync(folder, { recursive: true })
})

function imageOf(generation: number, length: number): Buffer {
  const map = mapRecords('map', ['key'], ['x'.repeat(length)])
  const options = { domain: 'd', master: 'm', created: 1, users: 1, groups: 1 }
  return Buffer.from(writeImage([map], { ...options, generation, fingerprint: new Uint8Array(32) }))
}

/** What commits of the small image, the large and the small again give, in a place that `command` makes. */
function tried(command: readonly string[], between: string): readonly Tried[] {
  const args = [...command, process.execPath, TRIAL, target, small, large, between]
  return JSON.parse(execFileSync('env', args, { encoding: 'utf8' })) as readonly Tried[]
}

function inside(script: string): readonly string[] {
  return [...UNSHARE, 'sh', '-ec', `${script}; shift; exec "$@"`, 'sh', state]
}

const done = { generation: 1, files: ['d.image'] }

function failure(code: string) {
  return { ...done, code, message: expect.stringMatching(`^${code}: .*${state}/`) as string }
}

test('a file over the size that this process may write is no image; the old one stays, the next is taken', () => {
  const command = ['sh', '-c', 'ulimit -f 1024; exec "$@"', 'sh']
  expect(tried(command, ':')).toEqual([done, failure('EFBIG'), done])
})

describe.runIf(MAY_MOUNT)('the old image stays', () => {
  test('when the disk is full; what was written of the new one makes room for the next', () => {
    const command = inside('mount -n -t tmpfs -o size=1m tmpfs "$1"')
    expect(tried(command, ':')).toEqual([done, failure('ENOSPC'), done])
  })

  test('when the state directory is read-only', () => {
    const command = inside('mount -n -t tmpfs tmpfs "$1"')
    const refused = failure('EROFS')
    expect(tried(command, 'mount -n -o remount,ro "$1"')).toEqual([done, refused, refused])
  })
})
