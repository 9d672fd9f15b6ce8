/** Two pages and a list, read only. Node parses HTTP: this process has no right that is worth a fault there. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { clientsCsv } from '../control/clients-csv.ts'
import type { Log } from '../log.ts'
import { HEADER_BYTES, IDLE_MS, LOOK_MS, MOST_CONNECTIONS, REQUEST_MS, STALLED_MS } from './limits.ts'
import { metricsText } from './metrics.ts'
import { pageHeaders, renderPage } from './page.ts'
import type { Reader } from './reader.ts'
import type { History } from './view.ts'

interface Serving {
  readonly reader: Reader
  readonly history: () => History
  readonly log: Log
}

interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** For all answers: a browser is to guess nothing, keep nothing and tell nobody. */
const HEADERS = {
  'cache-control': 'no-store',
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
}

const TEXT = 'text/plain; charset=utf-8'

/** What is at a path; a function may throw why it can't be made now. */
const PAGES: ReadonlyMap<string, (serving: Serving) => Promise<Answer>> = new Map([
  ['/', page],
  ['/metrics', metrics],
  ['/clients.csv', clients],
])

/** Listens on these sockets; gives what ends that. */
export async function serveHttp(descriptors: readonly number[], serving: Serving): Promise<() => void> {
  const servers = descriptors.map((fd) => {
    const server = createServer(
      {
        maxHeaderSize: HEADER_BYTES,
        headersTimeout: REQUEST_MS,
        requestTimeout: REQUEST_MS,
        keepAliveTimeout: IDLE_MS,
        connectionsCheckingInterval: LOOK_MS,
      },
      (request, response) => void respond(request, response, serving),
    )
    server.maxConnections = MOST_CONNECTIONS
    server.timeout = STALLED_MS
    server.on('error', (error) =>
      serving.log('warning', 'http-error', `listening for HTTP: ${error.message}`),
    )
    server.listen({ fd })
    return server
  })
  return () => {
    for (const server of servers) {
      server.close()
      server.closeAllConnections()
    }
  }
}

async function respond(request: IncomingMessage, response: ServerResponse, serving: Serving): Promise<void> {
  const { status, headers, body } = await answerTo(request, serving)
  const bytes = Buffer.from(body)
  response.writeHead(status, { ...HEADERS, ...headers, 'content-length': bytes.length })
  response.end(request.method === 'HEAD' ? undefined : bytes)
}

async function answerTo({ method, url = '' }: IncomingMessage, serving: Serving): Promise<Answer> {
  const make = PAGES.get(url.split('?', 1)[0]!)
  if (make === undefined) return plain(404, `There is ${[...PAGES.keys()].join(', ')}.`)
  if (method !== 'GET' && method !== 'HEAD') {
    const { headers, ...refused } = plain(405, 'GET and HEAD only.')
    return { ...refused, headers: { ...headers, allow: 'GET, HEAD' } }
  }
  try {
    return await make(serving)
  } catch (error) {
    return plain(503, `The daemon does not say how it fares: ${(error as Error).message}`)
  }
}

async function page({ reader, history }: Serving): Promise<Answer> {
  const status = await reader.status()
  const [usage, seen, rejected] = await Promise.all([
    reader.usage(),
    reader.clients(),
    reader.rejected(
      status.domains.filter(({ last }) => last !== null && last.rejected > 0).map(({ name }) => name),
    ),
  ])
  return {
    status: 200,
    headers: pageHeaders,
    body: renderPage({ status, usage, history: history(), clients: seen, rejected }),
  }
}

async function metrics({ reader }: Serving): Promise<Answer> {
  const [status, usage, seen] = await Promise.all([reader.status(), reader.usage(), reader.clients()])
  return {
    status: 200,
    headers: { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' },
    body: metricsText(status, usage, seen.length),
  }
}

async function clients({ reader }: Serving): Promise<Answer> {
  return {
    status: 200,
    headers: {
      'content-type': 'text/csv; charset=utf-8; header=present',
      'content-disposition': 'attachment; filename="nis-clients.csv"',
    },
    body: clientsCsv(await reader.clients()),
  }
}

function plain(status: number, text: string): Answer {
  return { status, headers: { 'content-type': TEXT }, body: `${text}\n` }
}
