import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  EXAMPLE_LDIF,
  EXAMPLE_SUFFIX,
  exampleConf,
  freePort,
  LAB_DOMAIN,
  labFolder,
  run,
  type Slapd,
  startProcess,
  startSlapd,
  startYpldap,
  untilLogged,
  waitUntil,
  type Ypldap,
} from '../support/lab.ts'
import { openYpClient } from '../support/yp-client.ts'

// Prometheus itself reads the metrics, by what docs/monitoring.md tells it.

const DOCS = readFileSync(join(import.meta.dirname, '../../docs/monitoring.md'), 'utf8')
const [scrape = '', rules = ''] = [...DOCS.matchAll(/^```yaml\n([^]*?)^```$/gm)].map(([, text]) => text)

let slapd: Slapd
let ypldap: Ypldap
let url: string
let folder: string

beforeAll(async () => {
  folder = labFolder('prometheus')
  const [port, http] = [await freePort(), await freePort()]
  url = `127.0.0.1:${http}`
  slapd = await startSlapd({ suffix: EXAMPLE_SUFFIX, ldif: EXAMPLE_LDIF })
  ypldap = await startYpldap(
    exampleConf(slapd, {
      global: ['bind local', `listen port ${port}`, `metrics listen 127.0.0.1 port ${http}`],
    }),
  )
  await untilLogged(ypldap, 'published')
  const client = await openYpClient({ transport: 'udp', port })
  await client.match(LAB_DOMAIN, 'passwd.byname', 'alice')
  client.close()
  await waitUntil('it tells of that', async () => {
    const text = await metrics()
    return text.includes('ypldap_requests_total{') && text.includes('ypldap_generation{')
  })
})

afterAll(async () => {
  await ypldap.stop()
  await slapd.stop()
})

const metrics = async () => (await fetch(`http://${url}/metrics`)).text()

/** What promtool finds wrong with a file, or with its standard input. */
async function promtool(words: readonly string[], input = ''): Promise<string> {
  const { status, stdout, stderr } = await run('promtool', words, { input })
  return status === 0 ? '' : stdout + stderr
}

function file(name: string, text: string): string {
  const path = join(folder, name)
  writeFileSync(path, text)
  return path
}

test('promtool finds nothing wrong with the metrics', async () => {
  expect(await promtool(['check', 'metrics'], await metrics())).toBe('')
})

test('nor with the configuration and the rules of the documentation', async () => {
  expect(await promtool(['check', 'config', '--syntax-only', file('scrape.yml', scrape)])).toBe('')
  expect(await promtool(['check', 'rules', file('rules.yml', rules)])).toBe('')
})

test('each metric that the documentation names is there, and each that is there it names', async () => {
  const names = [...(await metrics()).matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name!)
  // The directory gave no reason to leave a row out.
  const there = new Set([...names, 'ypldap_rejected_rows'])
  const named = new Set(
    [...DOCS.matchAll(/ypldap_[a-z_]+/g)].map(([name]) => name.replace(/_(?:bucket|sum|count)$/, '')),
  )
  for (const account of ['ypldap_stat', 'ypldap_udp_', 'ypldap_tcp_']) named.delete(account)
  const counted = /^ypldap_(?:udp|tcp)_/
  expect([...named].filter((name) => !there.has(name))).toEqual([])
  expect([...there].filter((name) => !named.has(name) && !counted.test(name))).toEqual([])
})

test('Prometheus reads them, and tells how old the maps are', async () => {
  const web = `127.0.0.1:${await freePort()}`
  const conf = file(
    'prometheus.yml',
    scrape
      .replace(/'nis1\.example\.com', 'nis2\.example\.com'/, `'${url}'`)
      .replace('scrape_interval: 30s', 'scrape_interval: 1s')
      .replace('scheme: https', 'scheme: http')
      .replace(/^.*basic_auth:.*\n/m, '') + `rule_files: ['${file('rules.yml', rules)}']\n`,
  )
  const prometheus = await startProcess(
    'prometheus',
    [`--config.file=${conf}`, `--storage.tsdb.path=${join(folder, 'data')}`, `--web.listen-address=${web}`],
    { ready: (output) => output.includes('Server is ready to receive web requests'), timeout: 30_000 },
  )
  const query = async (text: string) => {
    const response = await fetch(`http://${web}/api/v1/query?query=${encodeURIComponent(text)}`)
    const { data } = (await response.json()) as {
      readonly data: { readonly result: readonly { readonly value: readonly [number, string] }[] }
    }
    return data.result.map(({ value }) => Number(value[1]))
  }
  try {
    await waitUntil(
      'it has read them',
      async () => (await query('up{job="ypldap"} == 1')).length === 1,
      20_000,
    )
    const [age] = await query(`ypldap_data_age_seconds{domain="${LAB_DOMAIN}"}`)
    expect(age).toBeLessThan(120)
    expect(await query('sum(ypldap_map_records{map="passwd.byname"})')).toEqual([12])
    const firing = await query('ALERTS{alertstate="firing"}')
    expect(firing).toEqual([])
  } finally {
    await prometheus.stop()
  }
})
