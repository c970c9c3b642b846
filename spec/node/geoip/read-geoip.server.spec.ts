/** Countries by tor's own files, in the form that `geoip-db-tool` of C tor writes. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { expect } from 'chai'
import fc from 'fast-check'
import { formatIPv4, formatIPv6 } from '../../../lib/cell/ip-address.ts'
import { readGeoip, type Geoip } from '../../../lib/node/geoip/read-geoip.ts'
import { rejection } from '../../stream/support/stream-fixture.ts'
import { skipBecause } from '../../support/programs.ts'

const IPV4 = `# This file has been converted

16777216,16777471,AU
16777472,16778239,cn
16785408,16793599,CN
16793600,16809983,??
4294967040,4294967295,ZZ
`
const IPV6 = `# comment
2001::,2001:0:ffff:ffff:ffff:ffff:ffff:ffff,??
2001:200::,2001:200:ffff:ffff:ffff:ffff:ffff:ffff,JP
2001:208::,2001:208:ffff:ffff:ffff:ffff:ffff:ffff,SG
fe00::,ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff,A1
`

describe('readGeoip', () => {
  let folder: string
  let files = 0

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tor-streams-geoip-'))
  })
  after(() => rm(folder, { recursive: true, force: true }))

  const fileOf = async (text: string): Promise<string> => {
    const file = join(folder, `geoip${files++}`)
    await writeFile(file, text)
    return file
  }
  const read = async (...texts: string[]): Promise<Geoip> => readGeoip(...(await Promise.all(texts.map(fileOf))))

  it('finds the country of an IPv4 address, at both ends of its range too', async () => {
    const { lookUp } = await read(IPV4)
    const found = ['1.0.0.0', '1.0.0.255', '1.0.1.0', '1.0.3.255', '1.0.32.0', '255.255.255.0', '255.255.255.255']
    expect(found.map(lookUp)).to.deep.equal(['AU', 'AU', 'CN', 'CN', 'CN', 'ZZ', 'ZZ'])
  })

  it('finds none before, between and behind the ranges, and none in those of no country', async () => {
    const { lookUp } = await read(IPV4)
    for (const address of [
      '0.0.0.0',
      '0.255.255.255',
      '1.0.4.0',
      '1.0.31.255',
      '1.0.64.0',
      '1.0.128.0',
      '255.255.254.255',
    ])
      expect(lookUp(address), address).to.equal(undefined)
  })

  it('finds the country of an IPv6 address', async () => {
    const { lookUp } = await read(IPV6)
    const known = ['2001:200::', '2001:200:1::7', '2001:208:ffff:ffff:ffff:ffff:ffff:ffff', 'fe00::', 'ffff::1']
    expect(known.map(lookUp)).to.deep.equal(['JP', 'JP', 'SG', 'A1', 'A1'])
    for (const address of ['::', '2001::1', '2001:1ff::', '2001:201::', 'fdff::'])
      expect(lookUp(address)).to.equal(undefined)
  })

  it('knows no country of a name, and of an address whose file was not given', async () => {
    const { lookUp } = await read(IPV6)
    for (const text of ['example.com', '', '1.0.0.0', '1.0.0', '[2001:200::]']) expect(lookUp(text)).to.equal(undefined)
  })

  it('asks for each address of a relay, and reads both kinds from one file too', async () => {
    const { countryOf } = await read(IPV4 + IPV6)
    const relay = (...hostnames: string[]): { addresses: { hostname: string }[] } => ({
      addresses: hostnames.map((hostname) => ({ hostname })),
    })
    expect(countryOf(relay('1.0.0.1', '2001:200::1'))).to.equal('AU')
    expect(countryOf(relay('9.9.9.9', '2001:200::1'))).to.equal('JP')
    expect(countryOf(relay('9.9.9.9'))).to.equal(undefined)
    expect(countryOf(relay())).to.equal(undefined)
  })

  it('reads quotes, further columns, the ends of lines of Windows, and no end of the last line', async () => {
    const { lookUp } = await read('"16777216","16777471","AU","AUS","Australia"\r\n16777472,16778239,CN')
    expect(['1.0.0.0', '1.0.1.0', '1.0.4.0'].map(lookUp)).to.deep.equal(['AU', 'CN', undefined])
  })

  it('takes a URL of a file', async () => {
    const { lookUp } = await readGeoip(pathToFileURL(await fileOf(IPV4)))
    expect(lookUp('1.0.0.0')).to.equal('AU')
  })

  const wrong: Readonly<Record<string, readonly [text: string, line: number | undefined]>> = {
    'is empty': ['', undefined],
    'has comments only': ['# 1,2,AU\n', undefined],
    'is a page': ['<!doctype html>\n', 1],
    'has two columns': ['1,2\n', 1],
    'has no number': ['# x\n1a,2,AU\n', 2],
    'has a name of three letters': ['1,2,AUS\n', 1],
    'has a number too large': ['1,4294967296,AU\n', 1],
    'has a range that ends before it begins': ['2,1,AU\n', 1],
    'has ranges that overlap': ['1,2,AU\n2,3,AU\n', 2],
    'is not in order': ['5,6,AU\n1,2,AU\n', 2],
    'goes on behind the last address': ['1,4294967295,AU\n0,0,AU\n', 2],
    'mixes the kinds': ['1,::2,AU\n', 1],
    'has an address with two gaps': ['1::2::3,1::2::4,AU\n', 1],
    'has an address with nine groups': ['1:2:3:4:5:6:7:8:9,1:2:3:4:5:6:7:8:9,AU\n', 1],
    'has an address with a gap for nothing': ['1:2:3:4::5:6:7:8,1:2:3:4::5:6:7:8,AU\n', 1],
    'has an address that ends in a colon': ['1:2:3:4:5:6:7:,1:2:3:4:5:6:7:,AU\n', 1],
    'has an address with a long group': ['1::00000,1::00000,AU\n', 1],
    'is cut amid a line': ['1,2,AU\n3,4', 2],
  }
  for (const [what, [text, line]] of Object.entries(wrong)) {
    it(`refuses a file that ${what}`, async () => {
      const error = await rejection(read(text))
      expect(error).to.be.instanceOf(TypeError)
      const why = line === undefined ? 'there is no range in it' : `line ${line} is no range, or not in order`
      expect((error as Error).message).to.equal(`Cannot read the file of countries as ${why}`)
    })
  }

  it('finds what a search from end to end finds, and reads the addresses of each form', async () => {
    const ranges = fc.uniqueArray(fc.bigInt(0n, (1n << 128n) - 1n), { minLength: 2, maxLength: 40 })
    await fc.assert(
      fc.asyncProperty(ranges, fc.boolean(), async (numbers, isLong) => {
        const sorted = numbers.map((each) => (isLong ? each : each >> 96n)).sort((a, b) => (a < b ? -1 : 1))
        const pairs = sorted
          .flatMap((each, index) =>
            index % 2 === 0 && sorted[index + 1] !== undefined ? [[each, sorted[index + 1] as bigint] as const] : [],
          )
          .filter(
            ([, last], index, all) =>
              index === all.length - 1 || last < (all[index + 1] as readonly [bigint, bigint])[0],
          )
        const written = pairs.map(([first, last], index) =>
          [...[first, last].map((each) => (isLong ? textOf(each, 16) : String(each))), `A${index % 9}`].join(','),
        )
        const { lookUp } = await read(`${written.join('\n')}\n`)
        for (const number of sorted.flatMap((each) => [each - 1n, each, each + 1n])) {
          if (number < 0n || number >= 1n << (isLong ? 128n : 32n)) continue
          const index = pairs.findIndex(([first, last]) => first <= number && number <= last)
          expect(lookUp(textOf(number, isLong ? 16 : 4))).to.equal(index < 0 ? undefined : `A${index % 9}`)
        }
      }),
      { numRuns: 30 },
    )
  })

  it("reads Debian's files, where there are some, and agrees with them line by line", async function () {
    const [short, long] = ['/usr/share/tor/geoip', '/usr/share/tor/geoip6']
    const texts = await Promise.all([short, long].map((file) => readFile(file, 'latin1'))).catch(() => undefined)
    if (texts === undefined)
      skipBecause(this, 'tor-geoipdb is not installed: apt-get install --no-install-recommends tor-geoipdb')
    const { lookUp } = await readGeoip(short, long)
    for (const text of texts) {
      const lines = text.split('\n').filter((line) => /^[^#]/.test(line))
      for (let index = 0; index < lines.length; index += 997) {
        const [first = '', last = '', country] = (lines[index] as string).split(',')
        const ends = [first, last].map((each) => (each.includes(':') ? each : textOf(BigInt(each), 4)))
        const expected = country === '??' ? undefined : country
        expect(ends.map(lookUp), lines[index]).to.deep.equal([expected, expected])
      }
    }
  })

  it('needs a file, and one that is there', async () => {
    expect(await rejection(readGeoip())).to.be.instanceOf(TypeError)
    expect(await rejection(readGeoip(join(folder, 'none')))).to.have.property('code', 'ENOENT')
  })
})

/** An address of so many bytes, as text. */
function textOf(number: bigint, length: 4 | 16): string {
  const bytes = Uint8Array.from({ length }, (_, index) => Number((number >> BigInt(8 * (length - 1 - index))) & 0xffn))
  return length === 4 ? formatIPv4(bytes) : formatIPv6(bytes)
}
