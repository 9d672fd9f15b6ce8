/**
 * Makes of what npm says of the installed packages (CycloneDX, on stdin) the bill of one of our packages: `npm`, which
 * brings none of them and no Node, or `debian`, which has copies. Nothing in it depends on when or where it was made.
 */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'

interface Component {
  readonly 'bom-ref': string
}

interface Dependency {
  readonly ref: string
  readonly dependsOn: readonly string[]
}

interface Bill {
  readonly metadata: { readonly component: Component } & Record<string, unknown>
  readonly components: readonly Component[]
  readonly dependencies: readonly Dependency[]
}

/** The workspace that brings Node is none of the packages; its Node is part of Debian's. */
function billOf(all: Bill, kind: 'npm' | 'debian'): unknown {
  const isOurs = ({ 'bom-ref': ref }: Component) =>
    !ref.startsWith('ypldap-toolchain@') && (kind === 'debian' || !ref.startsWith('node-linux-'))
  const components = all.components.filter(isOurs)
  const known = new Set([all.metadata.component, ...components].map((component) => component['bom-ref']))
  const nodes = [...known].filter((ref) => ref.startsWith('node-linux-'))
  const root = all.metadata.component['bom-ref']
  const dependencies = all.dependencies
    .filter(({ ref }) => known.has(ref))
    .map(({ ref, dependsOn }) => ({
      ref,
      dependsOn: [...dependsOn, ...(ref === root ? nodes : [])].filter((one) => known.has(one)).sort(),
    }))
  const { timestamp: _, ...metadata } = all.metadata
  const bill = {
    ...all,
    metadata: { ...metadata, component: { ...all.metadata.component, type: 'application', name: 'ypldap' } },
    components,
    dependencies,
  }
  return { ...bill, serialNumber: serialOf({ ...bill, serialNumber: kind }) }
}

/** A UUID of the contents: RFC 9562 s.5.8 */
function serialOf(bill: unknown): string {
  const hex = createHash('sha256').update(JSON.stringify(bill)).digest('hex')
  const groups = [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `8${hex.slice(13, 16)}`,
    `8${hex.slice(17, 20)}`,
    hex.slice(20, 32),
  ]
  return `urn:uuid:${groups.join('-')}`
}

const [kind] = process.argv.slice(2)
if (kind !== 'npm' && kind !== 'debian') throw new Error('usage: node scripts/sbom.ts npm | debian')
const all = JSON.parse(readFileSync(0, 'utf8')) as Bill
process.stdout.write(`${JSON.stringify(billOf(all, kind), null, 2)}\n`)
