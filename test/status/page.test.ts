import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { pageHeaders, renderPage } from '../../src/status/page.ts'
import type { PageView } from '../../src/status/view.ts'
import { domainOf, NOW, REFRESHED, statusOf } from '../control/status-sample.ts'
import { clientsOf, NEW_VIEW, PAGE_VIEW } from './page-sample.ts'

/** What a reader reads, without the style and what is drawn; a line for each element. */
const read = (view: PageView) =>
  renderPage(view, 'nis1')
    .replace(/<style>.*?<\/style>/s, '')
    .replaceAll(/<\/?(?:bdi|small|time|span|strong|em|a|wbr|svg|use|path)\b[^>]*>/g, '')
    .replaceAll(/<[^>]*>/g, '\n')
    .replaceAll(/&quot;/g, '"')
    .replaceAll(/[\u00a0\u202f]/g, ' ')

/** A table row, cell by cell. */
const row = (...cells: readonly string[]) => cells.join('\n\n')

const none = <T extends object>(counts: T) =>
  Object.fromEntries(Object.keys(counts).map((name) => [name, 0])) as unknown as T

const changed = (changes: Partial<PageView>): PageView => ({ ...NEW_VIEW, status: statusOf(), ...changes })

describe('the first line', () => {
  test('says that all is well where it is', () => {
    expect(read(changed({}))).toContain('All is well: example.com, 12 users and 5 groups, 34 s old')
  })

  test('says what is stale, and why', () => {
    const reason = 'ldap2.lab.example: connect 198.51.100.8 port 636: connection refused'
    expect(read(PAGE_VIEW)).toContain(
      `Stale: 1 of 2 domains fresh; lab.example, 96 users and 24 groups, 3 h 21 min old: refreshes are late; the last refresh was thrown away: ${reason}`,
    )
  })

  test('says that there are no maps', () => {
    expect(read(NEW_VIEW)).toContain('Down: example.com: there are no maps: no directory has been read yet')
  })

  test('is what the title begins with', () => {
    expect(renderPage(changed({}), 'nis1')).toContain(
      '<title>All is well: example.com – ypldap on nis1</title>',
    )
  })
})

describe('a domain', () => {
  const page = read(PAGE_VIEW)

  test('has its age, its generation and its next refresh', () => {
    expect(page).toContain('Found true\n\n3 min 34 s ago')
    expect(page).toContain('Generation\n\n7 ')
    expect(page).toContain('Next refresh\n\nin 6 min 31 s every 10 min')
  })

  test('has its maps with their records, and how often they were asked for', () => {
    expect(page).toContain(row('passwd.byname', '1 840', '655 943', 'any'))
    expect(page).toContain(row('shadow.byname', '1 840', '0', 'reserved'))
  })

  test('counts calls for a map of the same name in another domain there', () => {
    expect(page).toContain(row('passwd.byname', '96', '12 066', 'any'))
  })

  test('has its directories, with why one failed', () => {
    expect(page).toContain(row('ldap1.lab.example', 'fresh', '88', '210 ms'))
    expect(page).toContain(
      row(
        'ldap2.lab.example',
        'failed; its last rows are served: ldap2.lab.example: connect 198.51.100.8 port 636: connection refused',
        '32',
      ),
    )
  })

  test('has the rows that were left out, by their entries', () => {
    expect(page).toContain(
      row('uid=svc-scan,ou=services,dc=example,dc=com', 'no value of gidNumber, which gives the gid'),
    )
    expect(page).toContain('No rows were left out or cut.')
  })

  test('has them by reason, too', () => {
    expect(page).toContain(row('no value of ..., which gives the ...', '3'))
  })

  test('says so where there are more rows than it shows', () => {
    const rows = Array.from({ length: 120 }, (_, n) => ({ directory: 'd', dn: `uid=u${n}`, reason: 'r' }))
    const text = read(
      changed({
        status: statusOf({ last: { ...REFRESHED, rejected: 3000 } }),
        rejected: [{ domain: 'example.com', rows }],
      }),
    )
    expect(text).toContain('Rows left out or cut: the first 100 of 3 000')
    expect(text).toContain('uid=u99')
    expect(text).not.toContain('uid=u100')
  })

  test('has a mark for each refresh, whose shape says what came of it', () => {
    const page = renderPage(PAGE_VIEW, 'nis1')
    const marks = page.match(/<use class="trashed" href="#mark-trashed" x="\d+/g)
    const trashed = PAGE_VIEW.history.refreshes.filter(({ outcome }) => outcome === 'trashed')
    // One more says what they mean.
    expect(marks).toHaveLength(trashed.length + 1)
    expect(page).toContain('trashed after 18 ms: ldap2.lab.example: connect')
    expect(page).toContain(`refreshes, 17 published, ${trashed.length} thrown away.`)
  })
})

describe('requests', () => {
  test('are in a table by procedure and outcome, where there were any', () => {
    const text = read(PAGE_VIEW)
    expect(text).toContain(row('NEXT', '2 466', '6', '', '', '', '', '', '2 472'))
    expect(text).not.toContain('server error')
  })

  test('have the rate and the latency as text too', () => {
    expect(read(PAGE_VIEW)).toMatch(/\d+ calls a second lately, \d+ on average, \d+ at most\./)
    expect(read(PAGE_VIEW)).toMatch(/Half of the answers went out within 32 µs lately, 99 of 100 within/)
  })

  test('that nobody made leave no plot of latency', () => {
    const samples = [{ at: NOW - 10, rate: 0, median: undefined, p99: undefined }]
    const page = renderPage(changed({ history: { samples, refreshes: [] } }), 'nis1')
    expect(page).toContain('id="rate-title"')
    expect(page).not.toContain('id="latency-title"')
  })

  test.each([
    ['there are no samples yet', []],
    ['all samples are to come, by a clock that was set back', [NOW + 60, NOW + 70]],
  ])('leave no plot where %s', (_what, times) => {
    const samples = times.map((at) => ({ at, rate: 1, median: 32, p99: 64 }))
    const text = read(changed({ history: { samples, refreshes: [] } }))
    expect(text).toContain('No rate or latency has been measured yet.')
  })

  test('met limits, of which only those are shown that were met', () => {
    const text = read(PAGE_VIEW)
    expect(text).toContain(row('from callers whom no rule allows', '412', '3'))
    expect(text).not.toContain('receipts that failed')
  })

  test('met no limit', () => {
    const { udp, tcp, ...rest } = PAGE_VIEW.status.requests!
    const requests = { udp: none(udp), tcp: none(tcp), ...rest }
    expect(read(changed({ status: statusOf({}, { requests }) }))).toContain('Nobody has met a limit.')
  })

  test('can be told of by no server process', () => {
    expect(read(NEW_VIEW)).toContain('There is no server process that could be asked.')
  })
})

describe('clients', () => {
  const [client] = clientsOf(1)
  const clientOf = (procedures: (typeof client & object)['procedures'], maps: readonly string[]) =>
    read(
      changed({
        clients: [
          {
            ...client!,
            procedures,
            maps: maps.map((map) => ({ domain: 'example.com', map })),
          },
        ],
      }),
    )

  test('that only look for a server are bound, and ask for nothing', () => {
    expect(clientOf(['null', 'domain', 'domain_nonack'], [])).toContain('bound, asks for nothing')
  })

  test('that asked for a map are told with it', () => {
    expect(clientOf(['domain', 'match'], ['passwd.byname', 'group.byname'])).toContain(
      row('DOMAIN, MATCH', 'group.byname, passwd.byname'),
    )
  })

  test('that asked for what is not there are not idle', () => {
    expect(clientOf(['domain', 'match'], [])).not.toContain('asks for nothing')
  })

  test('are told with since when they are counted, and whether all are remembered', () => {
    const requests = { ...PAGE_VIEW.status.requests!, clients: { since: NOW - 60, forgotten: 3 } }
    const clients = clientsOf(2)
    const full = read(changed({ clients, status: statusOf({}, { requests }) }))
    expect(full).toMatch(/2 clients since [-\d]+ [:\d]+.*; there was no room for all/)
    expect(read(PAGE_VIEW)).not.toContain('there was no room for all')
    expect(read(changed({ status: statusOf({}, { requests }) }))).toMatch(
      /Nobody has asked since [-\d]+ [:\d]+\./,
    )
    expect(read(NEW_VIEW)).toContain('Nobody has asked.')
  })

  test('are shown up to five hundred, and all of them in a file', () => {
    const page = renderPage({ ...PAGE_VIEW, clients: clientsOf(501) }, 'nis1')
    expect(page).toContain('Clients: the 500 last seen of 501')
    expect(page).toContain('<a href="clients.csv">')
    expect(page.match(/<th scope="row" class="short"><bdi>(?:192|2001)/g)).toHaveLength(500)
  })
})

describe('the daemon', () => {
  test('has its processes with memory and restarts', () => {
    expect(read(PAGE_VIEW)).toContain(row('directory', '4117', '2 d', '121 MB', '1'))
  })

  test('has where it is reached, by HTTP too', () => {
    expect(read(PAGE_VIEW)).toContain(row('udp6', '::', '834', 'registered with rpcbind'))
    expect(read(PAGE_VIEW)).toContain(row('http', '127.0.0.1', '10004', 'this page, metrics'))
  })

  test('has a process that is not running', () => {
    const status = statusOf(
      {},
      { processes: [{ role: 'directory', pid: 0, started: 0, restarts: 9, memory: 0 }] },
    )
    expect(read(changed({ status }))).toContain(row('directory', 'not running', '', '', '9'))
  })
})

test('a page of many domains has no id twice', () => {
  const domains = Array.from({ length: 20 }, (_, n) => domainOf({ name: `d${n}` }))
  const page = renderPage(changed({ status: statusOf({}, { domains }) }), 'nis1')
  const ids = [...page.matchAll(/ id="([^"]*)"/g)].map(([, id]) => id)
  expect(new Set(ids).size).toBe(ids.length)
})

test('only the style of the page itself is allowed', () => {
  const [, style = ''] = /<style>(.*?)<\/style>/s.exec(renderPage(PAGE_VIEW, 'nis1'))!
  const hash = createHash('sha256').update(style).digest('base64')
  expect(pageHeaders['content-security-policy']).toContain(`default-src 'none'; style-src 'sha256-${hash}';`)
  expect(renderPage(PAGE_VIEW, 'nis1')).not.toMatch(/<script|\son\w+=|\sstyle=/)
})

test('a day of samples and five hundred clients make less than half a megabyte', () => {
  expect(Buffer.byteLength(renderPage({ ...PAGE_VIEW, clients: clientsOf(8192) }, 'nis1'))).toBeLessThan(
    500_000,
  )
})
