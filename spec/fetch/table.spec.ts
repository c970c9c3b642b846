import { expect } from 'chai'
import { createFetch } from '../../lib/fetch/create-fetch.ts'
import { fetchCases } from './support/cases.ts'
import { placed, type ExpectedRequest, type FetchCase } from './support/fetch-case.ts'
import { outcomeOf, type Outcome } from './support/outcome.ts'
import { ScriptedServer, type SeenRequest } from './support/scripted-server.ts'

const HERE = 'http://one.example:8080'
const THERE = 'http://two.example:8080'
const fill = (text: string): string => placed(text, HERE, THERE)

async function play(each: FetchCase): Promise<{ outcome: Outcome; requests: SeenRequest[] }> {
  const replies = [...(each.replies ?? [])]
  const server = new ScriptedServer((_, connection) => {
    const reply = replies.shift()
    if (reply === undefined) return connection.end()
    connection.send(fill(typeof reply === 'string' ? reply : reply.raw))
    if (typeof reply !== 'string' && reply.isEnd === true) connection.end()
  })
  const fetch = createFetch({ connect: server.connect })
  const url = fill(each.url ?? '{here}/')
  const outcome = await outcomeOf(fetch(each.input?.(url) ?? url, each.init?.()))
  fetch.close()
  return { outcome, requests: server.requests }
}

function check(request: SeenRequest, expected: ExpectedRequest): void {
  const { fields = {}, ...rest } = expected
  for (const [name, value] of Object.entries(rest)) expect(request[name as 'method'], name).to.equal(value)
  for (const [name, value] of Object.entries(fields)) {
    if (value instanceof RegExp) expect(request.fields.get(name), name).to.match(value)
    else expect(request.fields.get(name), name).to.equal(value)
  }
}

describe('fetch', () => {
  for (const [topic, cases] of Object.entries(fetchCases)) {
    describe(topic, () => {
      for (const each of cases) {
        it(each.title, async () => {
          const { outcome, requests } = await play(each)
          const expected = { ...each.expect, ...(each.expect.url !== undefined && { url: fill(each.expect.url) }) }
          const seen = Object.fromEntries(Object.keys(expected).map((key) => [key, outcome[key as keyof Outcome]]))
          expect(seen, JSON.stringify(outcome)).to.deep.equal(expected)
          if (each.requests === undefined) return
          expect(requests).to.have.lengthOf(each.requests.length)
          each.requests.forEach((request, index) => check(requests[index] as SeenRequest, request))
        })
      }
    })
  }

  it('has at least 120 behaviours in its table', () => {
    expect(Object.values(fetchCases).flat().length).to.be.at.least(120)
  })
})
