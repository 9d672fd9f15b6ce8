/** Run by library.test.ts in a process of its own, which it is not expected to survive. */
import { MessageParser } from 'ldapts'

import { ENDLESS_ENTRY } from './endless-entry.ts'

process.stdout.write('decoding\n')
const parser = new MessageParser()
parser.on('message', () => process.stdout.write('decoded\n'))
parser.on('error', () => process.stdout.write('refused\n'))
parser.read(ENDLESS_ENTRY, new Map())
