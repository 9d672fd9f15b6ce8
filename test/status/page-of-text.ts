/** A page on which everything that somebody else may have written is one text. */
import { renderPage } from '../../src/status/page.ts'
import type { PageView } from '../../src/status/view.ts'
import { domainOf, IMAGE, LDAP, REFRESHED, statusOf } from '../control/status-sample.ts'
import { HISTORY, PAGE_VIEW } from './page-sample.ts'

export function pageOf(text: string): string {
  return renderPage(viewOf(text), text)
}

function viewOf(text: string): PageView {
  const trashed = {
    ...REFRESHED,
    outcome: 'trashed',
    reason: text,
    reasons: [{ reason: text, rows: 1 }],
  } as const
  const domain = domainOf({
    name: text,
    image: { ...IMAGE, maps: [{ name: text, records: 1, secure: false }] },
    last: trashed,
    refused: text,
    directories: [{ ...LDAP, label: text, source: text, state: 'failed', error: text }],
  })
  const place = { netid: text, address: text, port: 111 }
  return {
    status: statusOf(
      {},
      {
        version: text,
        domains: [domain, { ...domain, image: null }],
        transport: text,
        endpoints: [{ ...place, registered: true }],
        metrics: [{ address: text, port: 80 }],
        portmapper: { broadcast: true, endpoints: [place] },
        requests: PAGE_VIEW.status.requests,
      },
    ),
    usage: [{ procedure: 'match', domain: text, map: text, outcome: 'true', calls: 1 }],
    history: { samples: HISTORY.samples.slice(-9), refreshes: [{ ...trashed, domain: text }] },
    clients: [
      {
        address: text,
        first: 1,
        last: 2,
        calls: 3,
        procedures: ['match'],
        maps: [{ domain: text, map: text }],
      },
    ],
    rejected: [{ domain: text, rows: [{ directory: text, dn: text, reason: text }] }],
  }
}
