/**
 * What those who install the package get besides it, from package.json, package-lock.json and what is installed: exact
 * versions that can't change behind our back, under licences that are known, and nothing that runs at install time.
 */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

interface Manifest {
  readonly dependencies?: Readonly<Record<string, string>>
  readonly devDependencies?: Readonly<Record<string, string>>
  readonly optionalDependencies?: Readonly<Record<string, string>>
  readonly scripts?: Readonly<Record<string, string>>
}

interface Locked extends Manifest {
  readonly version?: string
  readonly license?: string
  readonly integrity?: string
  readonly hasInstallScript?: boolean
}

/** Each lets us pass the package on as it is. */
const LICENCES = ['0BSD', 'Apache-2.0', 'BSD-2-Clause', 'BSD-3-Clause', 'BlueOak-1.0.0', 'ISC', 'MIT']

/** npm runs these, and node-gyp where it finds a binding.gyp. */
const INSTALL_SCRIPTS = ['preinstall', 'install', 'postinstall']

const read = (path: string): unknown => JSON.parse(readFileSync(path, 'utf8'))

const manifest = read('package.json') as Manifest
const { packages } = read('package-lock.json') as { readonly packages: Readonly<Record<string, Locked>> }

/** Where the lock has the package that `from` gets by this name: beside it, or above (require.resolve). */
function placeOf(name: string, from: string): string | undefined {
  for (let above = from; ; above = above.slice(0, Math.max(0, above.lastIndexOf('/node_modules/')))) {
    const place = join(above, 'node_modules', name)
    if (packages[place] !== undefined) return place
    if (above === '' || !above.includes('node_modules')) return undefined
  }
}

/** The places of all packages that those who install ours get, and what the lock lacks. */
function runtimeTree(): { readonly places: ReadonlySet<string>; readonly missing: readonly string[] } {
  const places = new Set<string>()
  const missing: string[] = []
  const visit = (from: string, { dependencies, optionalDependencies }: Manifest) => {
    for (const name of Object.keys({ ...dependencies, ...optionalDependencies })) {
      const place = placeOf(name, from)
      if (place === undefined) missing.push(`${name}: not in package-lock.json`)
      else if (!places.has(place)) {
        places.add(place)
        visit(place, packages[place]!)
      }
    }
  }
  visit('', manifest)
  return { places, missing }
}

function problemsOf(place: string): readonly string[] {
  const { version = '', license = '', integrity = '', hasInstallScript = false } = packages[place]!
  const name = `${place.slice(place.lastIndexOf('node_modules/') + 13)} ${version}`
  return [
    ...(hasInstallScript ? ['runs a script when it is installed'] : installScripts(place)),
    ...(LICENCES.includes(license)
      ? []
      : [`licence ${license || 'unknown'} is none of ${LICENCES.join(', ')}`]),
    ...(integrity.startsWith('sha512-') ? [] : ['package-lock.json has no SHA-512 of it']),
  ].map((problem) => `${name}: ${problem}`)
}

/** Of the package as it is installed; what is for another machine is not. */
function installScripts(place: string): readonly string[] {
  if (!existsSync(join(place, 'package.json'))) return []
  const { scripts = {} } = read(join(place, 'package.json')) as Manifest
  const found: string[] = INSTALL_SCRIPTS.filter((name) => scripts[name] !== undefined)
  if (existsSync(join(place, 'binding.gyp'))) found.push('binding.gyp')
  return found.map((name) => `runs a script when it is installed: ${name}`)
}

/** Of those that we name ourselves. */
function inexact({ dependencies, devDependencies, optionalDependencies }: Manifest): readonly string[] {
  return Object.entries({ ...dependencies, ...devDependencies, ...optionalDependencies })
    .filter(([, version]) => !/^\d+\.\d+\.\d+$/.test(version))
    .map(([name, version]) => `${name}: ${version} is no exact version`)
}

const own = INSTALL_SCRIPTS.filter((name) => manifest.scripts?.[name] !== undefined)
const { places, missing } = runtimeTree()
const found = [
  ...own.map((name) => `package.json: ${name} would run at every install`),
  ...inexact(manifest),
  ...missing,
  ...[...places].flatMap(problemsOf),
]
for (const problem of found) console.error(problem)
console.log(`dependencies: ${places.size} packages at run time, ${found.length} problems`)
process.exitCode = found.length === 0 ? 0 : 1
