import { PassThrough } from 'node:stream'
import { text } from 'node:stream/consumers'
import { describe, expect, test } from 'vitest'
import { createQuestions, Unanswered } from '../../src/init/questions.ts'

function terminal() {
  const input = new PassThrough()
  const output = new PassThrough()
  return { input, output, questions: createQuestions(input, output) }
}

describe('questions', () => {
  test('are answered line by line, the empty line by what stands in brackets', async () => {
    const { input, output, questions } = terminal()
    input.write('ldap.example.com\n\n')
    expect(await questions.ask('Directory', '')).toBe('ldap.example.com')
    expect(await questions.ask('Base', 'dc=example,dc=com')).toBe('dc=example,dc=com')
    questions.close()
    output.end()
    expect(await text(output)).toContain('Base [dc=example,dc=com]: ')
  })

  test('of a password nothing is shown while it is typed', async () => {
    const { input, output, questions } = terminal()
    const said = questions.secret('Password')
    input.write('hush-hush\n')
    expect(await said).toBe('hush-hush')
    const next = questions.ask('Domain', '')
    input.write('seen\n')
    expect(await next).toBe('seen')
    questions.close()
    output.end()
    const shown = await text(output)
    expect(shown).toContain('Password: ')
    expect(shown).toContain('seen')
    expect(shown).not.toContain('hush')
  })

  test('that nobody answers any more end it', async () => {
    const { input, questions } = terminal()
    const said = questions.ask('Directory', '')
    input.end()
    await expect(said).rejects.toThrow(Unanswered)
    await expect(questions.ask('Base', '')).rejects.toThrow(Unanswered)
  })
})
