/**
 * Writes idmap.json: what SSSD's library makes of binary SIDs. Needs cc and libsss-idmap-dev.
 *
 * usage: node test/golden/idmap.ts
 */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

function sid(authority: number, ...parts: readonly number[]): string {
  const bytes = Buffer.alloc(8 + 4 * parts.length)
  bytes.writeUInt8(1, 0)
  bytes.writeUInt8(parts.length, 1)
  bytes.writeUIntBE(authority, 2, 6)
  for (const [at, part] of parts.entries()) bytes.writeUInt32LE(part, 8 + 4 * at)
  return bytes.toString('hex')
}

/** Numbers of 32 bits that look random and are always the same (xorshift). */
function createNumbers(): () => number {
  let state = 1
  return () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return state >>> 0
  }
}

const domain = [21, 1004336348, 1177238915, 682003330] as const
const edges = [0, 1, 500, 513, 1104, 199_999, 200_000, 200_001, 399_999, 400_000, 2_199_999, 2_200_000]
const outermost = [2_400_000, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1]
const next = createNumbers()

const ONE_DOMAIN = [...edges, ...outermost].map((rid) => sid(5, ...domain, rid))

const NO_DOMAIN = [
  sid(5, 32, 544),
  sid(5, 18),
  sid(1, 0),
  sid(22, 1, 1000),
  sid(5, ...domain),
  sid(5, ...domain, 1104, 1),
  sid(5, 21, 1, 2, 513),
  sid(5, 22, 1, 2, 3, 513),
  sid(16, 21, 1, 2, 3, 513),
]

/** So many domains, asked for in turn, that their slices collide. */
const domains = Array.from({ length: 80 }, () => [21, next(), next(), next()])
const MANY = Array.from({ length: 8 }, () =>
  domains.map((parts) => sid(5, ...parts, next() % 3_000_000)),
).flat()

/** In other lengths, as the domain's text has them, and hashed in each remainder of four. */
const LENGTHS = [1, 10, 100, 1000, 10_000].map((part) => sid(5, 21, part, 1, 1, 1104))

const folder = mkdtempSync(join(tmpdir(), 'ypldap-idmap-'))
try {
  const oracle = join(folder, 'idmap')
  execFileSync('cc', ['-o', oracle, join(import.meta.dirname, 'idmap.c'), '-lsss_idmap'])
  const runs = { 'one domain': ONE_DOMAIN, 'no domain': NO_DOMAIN, 'domains of other lengths': LENGTHS }
  const vectors = Object.entries({ ...runs, 'many domains': MANY }).map(([name, sids]) => {
    const lines = execFileSync(oracle, { input: `${sids.join('\n')}\n`, encoding: 'utf8' })
      .trim()
      .split('\n')
    return { name, ids: lines.map((line, at) => `${sids[at]} ${line}`) }
  })
  writeFileSync(join(import.meta.dirname, 'idmap.json'), `${JSON.stringify(vectors, null, 2)}\n`)
} finally {
  rmSync(folder, { recursive: true })
}
