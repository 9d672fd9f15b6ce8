/** Holds the import rules of ARCHITECTURE.md against the sources: which folder may know which. */
import { globSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'

/** Folder by folder, what of ours it may import; itself always. The root of src/ puts the parts together. */
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  rpc: [],
  'src/messages': [],
  'src/config': ['src'],
  'src/maps': ['rpc'],
  'src/directory': ['src', 'src/config', 'src/directory/template', 'src/maps', 'src/messages'],
  'src/directory/template': ['src/directory', 'src/maps'],
  'src/server': ['rpc', 'src', 'src/config', 'src/maps', 'src/messages'],
  'src/supervisor': ['rpc', 'src', 'src/config', 'src/control', 'src/messages'],
  'src/control': ['src', 'src/messages'],
  'src/status': ['src', 'src/control', 'src/messages'],
  'src/init': ['src', 'src/config', 'src/directory', 'src/maps'],
  src: [
    'rpc',
    'src/config',
    'src/control',
    'src/directory',
    'src/init',
    'src/messages',
    'src/server',
    'src/status',
    'src/supervisor',
  ],
}

/** Of the root of src/, what the folders may share: no part of the program, only what parts say to each other. */
const SHARED = [
  'src/address.ts',
  'src/garbage.ts',
  'src/koffi.ts',
  'src/log.ts',
  'src/private-memory.ts',
  'src/start-error.ts',
  'src/version.ts',
  'src/visible.ts',
  'src/within.ts',
]

/** The supervisor may be root: it decodes rpcbind's replies, and nothing that a stranger or a directory sent. */
const SUPERVISOR_RPC = /^rpc\/(call|reply|record|rpcbind|xdr-reader|xdr-writer|errors|yp)\.ts$/

/** Packages with one home. */
const HOME: Readonly<Record<string, string>> = {
  ldapts: 'src/directory',
  'lru-cache': 'src/server',
  re2js: 'src/directory/template',
}

const IMPORT =
  /(?:^|\n)\s*(?:import|export)\b[^'"\n]*(?:\n[^'"]*?)?from\s+['"]([^'"]+)['"]|(?:^|\n)\s*import\s+['"]([^'"]+)['"]|import\(\s*['"]([^'"]+)['"]\s*\)/g

function problems(file: string): readonly string[] {
  const folder = dirname(file)
  const found: string[] = []
  for (const match of readFileSync(file, 'utf8').matchAll(IMPORT)) {
    const name = (match[1] ?? match[2] ?? match[3])!
    const fault = name.startsWith('.')
      ? ownFault(folder, normalize(join(folder, name)))
      : packageFault(folder, name)
    if (fault !== undefined) found.push(`${file}: imports ${name}: ${fault}`)
  }
  return found
}

function ownFault(folder: string, target: string): string | undefined {
  const to = dirname(target)
  if (to === folder) return undefined
  const allowed = ALLOWED[folder]
  if (allowed === undefined) return `no rule for the folder ${folder}`
  if (!allowed.includes(to)) return `${folder} must not know ${to}`
  if (to === 'src' && !SHARED.includes(target)) return `of src/ itself only ${SHARED.join(', ')} are shared`
  if (folder === 'src/supervisor' && to === 'rpc' && !SUPERVISOR_RPC.test(target)) {
    return 'the supervisor decodes nothing of strangers'
  }
  return undefined
}

function packageFault(folder: string, name: string): string | undefined {
  const home = HOME[name]
  if (name.startsWith('node:') || home === folder) return undefined
  return home === undefined ? 'no package that the sources may use' : `only ${home} may`
}

const files = globSync('{rpc,src}/**/*.ts')
const found = files.flatMap(problems)
for (const problem of found) console.error(problem)
if (files.length === 0) throw new Error('no sources found: run this at the top of the project')
console.log(`import rules: ${files.length} files, ${found.length} problems`)
process.exitCode = found.length === 0 ? 0 : 1
