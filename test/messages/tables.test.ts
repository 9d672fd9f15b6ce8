/** The closed set: who may say what to whom. A message that is added must be added here. */
import { describe, expect, test } from 'vitest'
import { clip, words } from '../../src/messages/common.ts'
import { answer, request } from '../../src/messages/control.ts'
import { fromDirectory, toDirectory } from '../../src/messages/directory.ts'
import { fromServer, toServer } from '../../src/messages/server.ts'
import { type Shape, ShapeError } from '../../src/messages/shape.ts'
import { fromStatus, toStatus } from '../../src/messages/status.ts'

/** The kinds that a table knows, as its own error names them. */
function kinds(shape: Shape<unknown>): readonly string[] {
  try {
    shape({}, 'message')
  } catch (error) {
    if (error instanceof ShapeError)
      return error.message.replace(/^message\.kind: | expected$/g, '').split(' or ')
    throw error
  }
  throw new Error('a message without a kind was taken')
}

/** As the supervisor takes it. */
const ask = (question: unknown) => fromStatus({ kind: 'ask', id: 1, question }, 'message')

describe('the tables of messages', () => {
  test.each([
    [
      'directory',
      toDirectory,
      [
        'ping',
        'log-level',
        'configure',
        'remove',
        'refresh',
        'recommit',
        'rejected',
        'more',
        'drop',
        'clients',
        'explain',
      ],
    ],
    [
      'server',
      toServer,
      [
        'ping',
        'log-level',
        'limits',
        'portmap',
        'configure',
        'remove',
        'open',
        'load',
        'fresh',
        'match',
        'cat',
        'usage',
        'clients',
        'more',
        'drop',
        'remember',
        'count',
        'drain',
      ],
    ],
    ['status', toStatus, ['ping', 'log-level', 'part', 'end']],
  ])('name all that the supervisor may say to the %s process', (_who, shape, expected) => {
    expect(kinds(shape as Shape<unknown>)).toEqual(expected)
  })

  test.each([
    ['directory', fromDirectory, ['pong', 'state', 'progress', 'rows', 'end', 'explained']],
    [
      'server',
      fromServer,
      ['pong', 'ready', 'loaded', 'refused', 'records', 'usage', 'clients', 'end', 'counts'],
    ],
    ['status', fromStatus, ['pong', 'ready', 'ask', 'more', 'drop']],
  ])('name all that the %s process may say to the supervisor', (_who, shape, expected) => {
    expect(kinds(shape as Shape<unknown>)).toEqual(expected)
  })

  test('let the status process ask for nothing that changes anything', () => {
    expect(() => ask({})).toThrow(
      /^message\.question\.kind: status or usage or clients or rejected expected$/,
    )
    expect(() => ask({ kind: 'stop' })).toThrow(ShapeError)
  })

  test('name all that ypldapctl may ask and be told', () => {
    expect(kinds(request)).toEqual([
      'status',
      'refresh',
      'reload',
      'log',
      'maps',
      'match',
      'cat',
      'rejected',
      'explain',
      'usage',
      'clients',
      'check',
      'stop',
    ])
    expect(kinds(answer)).toEqual([
      'status',
      'domain',
      'progress',
      'maps',
      'records',
      'rows',
      'finding',
      'usage',
      'clients',
      'problems',
      'end',
    ])
  })

  test('give the server process no way to hear of directories, nor the directory process of callers', () => {
    expect(() => toServer({ kind: 'refresh', id: 1, domain: 'd', force: true }, 'message')).toThrow(
      ShapeError,
    )
    const settings = { kind: 'configure', domain: 'd', access: [], expire: null, maps: [], found: false }
    expect(toServer(settings, 'message')).toEqual(settings)
    expect(() => toServer({ ...settings, directories: [] }, 'message')).toThrow(
      'message.directories: no such field',
    )
    expect(() => toDirectory({ kind: 'load', path: '/', fresh: 0 }, 'message')).toThrow(ShapeError)
  })

  test('take any text that was clipped', () => {
    expect(words(clip('x'.repeat(1_000_000)), 'text')).toHaveLength(4096)
    expect(words(clip('short'), 'text')).toBe('short')
  })
})
