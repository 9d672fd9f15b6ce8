/** The process of a crowd (toxic.ts): it connects as it is told, and reports when it is asked. */
import { connect, type Socket } from 'node:net'
import { allRecord, type CrowdOrder, type Manner, matchRecord } from './toxic.ts'

/** Connections that are being made at a time: the kernel's queue of those that wait is short. */
const CONNECTING = 100
const OF_ONE_ADDRESS = 200
/** before one that failed or was closed comes again */
const AGAIN_MS = 50
/** what a flood sends at a time */
const FLOOD_BYTES = 65_536

let [open, opened, closed, failed, connecting] = [0, 0, 0, 0, 0]
let order: CrowdOrder
const waiting: number[] = []

process.on('message', (message: CrowdOrder | 'report') => {
  if (message === 'report') {
    process.send?.({ open, opened, closed, failed })
    return
  }
  order = message
  waiting.push(...Array.from({ length: order.count }, (_, place) => place))
  connectMore()
})

function connectMore(): void {
  while (connecting < CONNECTING) {
    const place = waiting.shift()
    if (place === undefined) return
    connectOne(place)
  }
}

function connectOne(place: number): void {
  const network = Math.floor(place / OF_ONE_ADDRESS)
  const localAddress = `127.${1 + (network >> 8)}.${network & 255}.1`
  const socket = connect({ port: order.port, host: '127.0.0.1', localAddress, allowHalfOpen: true })
  connecting += 1
  let connected = false
  socket.on('connect', () => {
    connected = true
    connecting -= 1
    open += 1
    opened += 1
    behave(socket, order.manners[place % order.manners.length]!)
    connectMore()
  })
  // Whoever reads nothing hears of no end either.
  socket.on('end', () => socket.destroy())
  socket.on('error', () => {})
  socket.on('close', () => {
    if (connected) {
      open -= 1
      closed += 1
    } else {
      connecting -= 1
      failed += 1
    }
    if (order.again || !connected) setTimeout(() => comeAgain(place), AGAIN_MS)
  })
}

function comeAgain(place: number): void {
  waiting.push(place)
  connectMore()
}

function behave(socket: Socket, manner: Manner): void {
  const { domain, map } = order
  switch (manner) {
    case 'idle':
      socket.resume()
      return
    case 'unfinished':
      socket.resume()
      socket.write(matchRecord(domain, map, 'nobody').subarray(0, 20))
      return
    case 'frozen':
      socket.pause()
      flood(socket, Buffer.concat(Array.from({ length: 8 }, () => allRecord(domain, map))), 1)
      return
    case 'pipelining': {
      socket.pause()
      const call = matchRecord(domain, map, 'user7')
      const calls = Buffer.concat(Array.from({ length: Math.ceil(FLOOD_BYTES / call.length) }, () => call))
      flood(socket, calls, Infinity)
      return
    }
    case 'fragments':
      socket.resume()
      flood(socket, Buffer.concat(Array.from({ length: 1000 }, () => Buffer.of(0, 0, 0, 1, 0))), Infinity)
      return
    case 'announcing':
      socket.resume()
      socket.write(Buffer.of(0xff, 0xff, 0xff, 0xff))
      return
    default:
      manner satisfies never
  }
}

/** Sends it so many times, each when the kernel has taken the one before. */
function flood(socket: Socket, bytes: Buffer, times: number): void {
  if (times > 0 && !socket.destroyed) socket.write(bytes, (error) => error ?? flood(socket, bytes, times - 1))
}
