/** Two pages and a list, read only. Node parses HTTP: this process has no right that is worth a fault there. */
import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { clientsCsv } from '../control/clients-csv.ts'
import type { Log } from '../log.ts'
import { isMeant } from './host.ts'
import {
  GOOD_MS,
  HEADER_BYTES,
  IDLE_MS,
  LOOK_MS,
  MOST_CONNECTIONS,
  REQUEST_MS,
  STALLED_MS,
} from './limits.ts'
import { metricsText } from './metrics.ts'
import { pageHeaders, renderPage } from './page.ts'
import type { Reader } from './reader.ts'
import { shared } from './shared.ts'
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

/** Listens on these sockets; gives what ends that. Throws when that can't be. */
export async function serveHttp(descriptors: readonly number[], serving: Serving): Promise<() => void> {
  const pages = pagesOf(serving)
  const servers = await Promise.all(descriptors.map((fd) => listen(fd, pages)))
  for (const server of servers)
    server.on('error', (error) =>
      serving.log('warning', 'http-error', `listening for HTTP: ${error.message}`),
    )
  return () => {
    for (const server of servers) {
      server.close()
      server.closeAllConnections()
    }
  }
}

async function listen(fd: number, pages: Pages): Promise<Server> {
  const server = createServer(
    {
      maxHeaderSize: HEADER_BYTES,
      headersTimeout: REQUEST_MS,
      requestTimeout: REQUEST_MS,
      keepAliveTimeout: IDLE_MS,
      connectionsCheckingInterval: LOOK_MS,
    },
    (request, response) => void respond(request, response, pages),
  )
  server.maxConnections = MOST_CONNECTIONS
  server.timeout = STALLED_MS
  const listening = once(server, 'listening')
  server.listen({ fd })
  await listening
  return server
}

async function respond(request: IncomingMessage, response: ServerResponse, pages: Pages): Promise<void> {
  const { status, headers, body } = await answerTo(request, pages)
  const bytes = Buffer.from(body)
  response.writeHead(status, { ...HEADERS, ...headers, 'content-length': bytes.length })
  response.end(request.method === 'HEAD' ? undefined : bytes)
}

async function answerTo(
  { method, url = '', headers, socket }: IncomingMessage,
  pages: Pages,
): Promise<Answer> {
  const make = pages.get(url.split('?', 1)[0]!)
  if (make === undefined) return plain(404, `There is ${[...pages.keys()].join(', ')}.`)
  if (method !== 'GET' && method !== 'HEAD') {
    const { headers, ...refused } = plain(405, 'GET and HEAD only.')
    return { ...refused, headers: { ...headers, allow: 'GET, HEAD' } }
  }
  if (!isMeant(headers.host, socket.localAddress))
    return plain(
      421,
      'On loopback this is localhost, or an address: who asks for another name is not from here.',
    )
  try {
    return await make()
  } catch (error) {
    return plain(503, `The daemon does not say how it fares: ${(error as Error).message}`)
  }
}

/** What is at a path; a function may throw why it can't be made now. */
type Pages = ReadonlyMap<string, () => Promise<Answer>>

function pagesOf(serving: Serving): Pages {
  return new Map([
    ['/', shared(GOOD_MS, () => page(serving))],
    ['/metrics', shared(GOOD_MS, () => metrics(serving))],
    ['/clients.csv', shared(GOOD_MS, () => clients(serving))],
  ])
}

async function page({ reader, history }: Serving): Promise<Answer> {
  const status = await reader.status()
  const [usage, seen, rejected] = await Promise.all([reader.usage(), reader.clients(), reader.rejected()])
  const view = { status, usage: usage ?? [], history: history(), clients: seen, rejected: rejected ?? [] }
  return { status: 200, headers: pageHeaders, body: renderPage(view) }
}

async function metrics({ reader }: Serving): Promise<Answer> {
  const status = await reader.status()
  const [usage, count] = await Promise.all([reader.usage(), reader.clientCount()])
  return {
    status: 200,
    headers: { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' },
    body: metricsText(status, usage ?? [], count),
  }
}

async function clients({ reader }: Serving): Promise<Answer> {
  const all = await reader.clients()
  if (all === undefined)
    return plain(503, 'Nobody can tell now: there is no server process that could be asked.')
  return {
    status: 200,
    headers: {
      'content-type': 'text/csv; charset=utf-8; header=present',
      'content-disposition': 'attachment; filename="nis-clients.csv"',
    },
    body: clientsCsv(all),
  }
}

function plain(status: number, text: string): Answer {
  return { status, headers: { 'content-type': TEXT }, body: `${text}\n` }
}
