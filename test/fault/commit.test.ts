import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { commitImage, loadImage } from '../../src/maps/image-file.ts'
import { writeImage } from '../../src/maps/image-writer.ts'
import { figure } from '../support/figure.ts'
import { contents } from '../support/map-contents.ts'
import { mapRecords } from '../support/map-records.ts'

/** The whole number is for `scripts/test --long`. */
const KILLS = process.env['YPLDAP_LONG'] === '1' ? 1000 : 300
/** Writers at a time, each with a folder of its own. */
const WRITERS = 4
/** A commit of these images takes a few. */
const LONGEST_LIFE_MS = 12

const COMMITTER = new URL('committer.ts', import.meta.url).pathname
/** Records of each image: from 30 KB to 1.6 MB, some written at one go and some not. */
const SIZES = [50, 500, 2500, 100, 1000]

let folder: string
let files: readonly string[]

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'ypldap-commit-'))
  files = SIZES.map((_, number) => join(folder, String(number)))
  for (const [number, file] of files.entries()) writeFileSync(file, Buffer.from(imageOf(number)))
})

afterAll(() => {
  rmSync(folder, { recursive: true })
})

function valueOf(number: number): string {
  return `everyone in image ${number} `.repeat(30)
}

function imageOf(number: number): ArrayBuffer {
  const keys = Array.from({ length: SIZES[number]! }, (_, i) => `user${i}`)
  const values = keys.map(() => valueOf(number))
  const options = { domain: 'd', master: 'm', created: 1, users: keys.length, groups: 0 }
  return writeImage([mapRecords('map', keys, values)], {
    ...options,
    generation: number,
    fingerprint: new Uint8Array(32),
  })
}

/** The number of the image in a file, when it holds all of that image and nothing of another. */
async function wholeImage(target: string): Promise<number> {
  const image = await loadImage(target)
  const number = image.generation
  const records = contents(image, 'map')
  expect(records).toHaveLength(SIZES[number]!)
  expect(new Set(records.map(([, value]) => value))).toEqual(new Set([valueOf(number)]))
  return number
}

/** Lets a process commit from image `first` on, kills it, and tells the last image that it said it had committed. */
async function killedWriter(target: string, first: number, life: number): Promise<number | undefined> {
  const env = { ...process.env, NODE_COMPILE_CACHE: join(folder, 'compiled') }
  const child = spawn(process.execPath, [COMMITTER, target, String(first), ...files], {
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let said = ''
  child.stdout.setEncoding('latin1').on('data', (text: string) => {
    if (said === '') setTimeout(() => child.kill('SIGKILL'), life)
    said += text
  })
  const signal = await new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (_, signal) => resolve(signal))
  })
  expect(signal).toBe('SIGKILL')
  const words = said.split('\n').slice(1, -1)
  return words.length === 0 ? undefined : Number(words.at(-1))
}

interface Tally {
  /** kills that left a temporary file, so in the middle of a commit */
  interrupted: number
  /** kills after the rename and before the word of it */
  untold: number
}

function after(number: number): number {
  return (number + 1) % SIZES.length
}

async function killOften(target: string, kills: number, tally: Tally): Promise<void> {
  let present = 0
  await commitImage(target, imageOf(present))
  for (let kill = 0; kill < kills; kill++) {
    const told = await killedWriter(target, after(present), Math.random() * LONGEST_LIFE_MS)
    const last = told ?? present
    present = await wholeImage(target)
    // What was said to be committed is there, or its successor, whose word was not spoken any more.
    expect([last, after(last)]).toContain(present)
    if (present !== last) tally.untold += 1
    const others = readdirSync(join(target, '..')).filter((name) => name !== 'd.image')
    expect(others.length).toBeLessThanOrEqual(1)
    tally.interrupted += others.length
  }
  await commitImage(target, imageOf(0))
  expect(readdirSync(join(target, '..'))).toEqual(['d.image'])
}

test(`${KILLS} writers killed at any moment leave the old image or the new one, whole`, async () => {
  const tally: Tally = { interrupted: 0, untold: 0 }
  await Promise.all(
    Array.from({ length: WRITERS }, async (_, writer) => {
      const own = join(folder, `state${writer}`)
      mkdirSync(own)
      await killOften(join(own, 'd.image'), KILLS / WRITERS, tally)
    }),
  )
  const { interrupted, untold } = tally
  figure(
    'G8',
    `${KILLS} kills, ${interrupted} in the middle of a commit, ${untold} after the rename: a whole image each time`,
  )
  // Else nothing was shown.
  expect(tally.interrupted).toBeGreaterThan(KILLS / 10)
}, 1_800_000)
