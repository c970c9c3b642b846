import { expect } from 'chai'
import { anyText, fc } from '../../support/seed.ts'
import { onionName, refuseTarget } from '../../../lib/client/attach/refusals.ts'
import { SocketError } from '../../../lib/base/errors.ts'

/** What is said of a target; undefined when it may be asked for. */
function refusal(host: string, allowInternal = false): string | undefined {
  try {
    refuseTarget(host, allowInternal)
    return undefined
  } catch (error) {
    expect(error).to.be.instanceOf(SocketError)
    expect((error as SocketError).code).to.equal('ADDRESS_REFUSED')
    return (error as SocketError).message
  }
}

describe('refuseTarget', () => {
  const fine = [
    'example.com',
    'example.com.',
    'a',
    '1.example',
    'xn--bcher-kva.example',
    'under_score.example',
    '_dmarc.example.com',
    `${'a'.repeat(63)}.example`,
    'onion.example',
    'exit.example',
    'exit',
    'notlocalhost',
    'local.example',
    '203.0.114.1',
    '8.8.8.8',
    '2606:4700:4700::1111',
    `${'a'.repeat(49)}.`.repeat(5) + 'abc',
    `${'a'.repeat(49)}.`.repeat(5) + 'abc.',
  ]
  for (const host of fine.filter((name) => name !== 'exit')) {
    it(`lets pass ${host.slice(0, 40)}`, () => {
      expect(refusal(host)).to.equal(undefined)
    })
  }

  const internal = [
    '127.0.0.1',
    '10.1.2.3',
    '172.16.0.1',
    '172.31.255.255',
    '192.168.0.1',
    '169.254.1.1',
    '0.0.0.0',
    '::',
    '::1',
    'fc00::1',
    'fd12::1',
    'fe80::1',
    '::ffff:127.0.0.1',
    '::ffff:10.0.0.1',
  ]
  for (const host of internal) {
    it(`refuses the internal address ${host}, but not on a private network`, () => {
      expect(refusal(host)).to.match(/internal/)
      expect(refusal(host, true)).to.equal(undefined)
    })
  }

  for (const host of ['localhost', 'localhost.', 'my.localhost', 'printer.local', 'local']) {
    it(`refuses the local name ${host}, but not on a private network`, () => {
      expect(refusal(host)).to.match(/local/)
      expect(refusal(host, true)).to.equal(undefined)
    })
  }

  for (const host of [`${'a'.repeat(56)}.onion`, 'www.example.onion', 'onion', 'x.onion.']) {
    it(`refuses ${host.slice(-20)}: it is no name for an exit`, () => {
      for (const allowInternal of [false, true])
        expect(refusal(host, allowInternal)).to.match(/no address but its name/)
    })
  }

  for (const host of ['example.com.relay.exit', 'exit', 'a.exit.']) {
    it(`refuses ${host}: nobody else shall choose the exit`, () => {
      for (const allowInternal of [false, true]) expect(refusal(host, allowInternal)).to.match(/exit/)
    })
  }

  const invalid = [
    '',
    '.',
    '..',
    'a..b',
    '.example',
    'example..',
    '-a.example',
    'a-.example',
    'a b.example',
    'exämple.com',
    'example.com\0',
    'a/b',
    'user@example.com',
    'example.com:80',
    '%41.example',
    `${'a'.repeat(64)}.example`,
    `${'a'.repeat(49)}.`.repeat(5) + 'abcd',
    '[::1]',
    '1.2.3.4.5:',
    'a,b',
    '"',
  ]
  for (const host of invalid) {
    it(`refuses ${JSON.stringify(host.slice(0, 30))}: no valid host name`, () => {
      for (const allowInternal of [false, true]) expect(refusal(host, allowInternal)).to.match(/no valid host name/)
    })
  }

  it('says nothing of the host in its message', () => {
    for (const host of ['10.11.12.13', 'secret.onion', 'secret.exit', 'secret..example', 'secret.local']) {
      expect(refusal(host)).to.not.match(/secret|11\.12/)
    }
  })

  it('throws nothing else, whatever the host', () => {
    fc.assert(
      fc.property(anyText(300), fc.boolean(), (host, allowInternal) => {
        refusal(host, allowInternal)
      }),
    )
  })

  it('lets no numeric form of an internal address pass as a name', () => {
    // An exit's resolver may read such a "name" as an address.
    for (const host of ['127.1', '2130706433', '0x7f000001', '0177.0.0.1', '127.0.0.1.', '10.0.0.0x1', '1.2.3.4.'])
      expect(refusal(host), host).to.be.a('string')
  })
})

describe('onionName', () => {
  const address = `${'a'.repeat(55)}d.onion`

  it('gives the name of an onion service, without a dot at its end, and nothing for other hosts', () => {
    for (const name of [address, `www.foo.${address}`]) {
      expect(onionName(name)).to.equal(name)
      expect(onionName(`${name}.`)).to.equal(name)
    }
    for (const host of ['example.com', 'onion.example', 'notonion', `${address}.example`, '10.0.0.1', ''])
      expect(onionName(host)).to.equal(undefined)
  })

  it('refuses what ends in .onion and has another form, and does not repeat it', () => {
    for (const host of ['onion', 'x.onion', 'x.onion.', `.${address}`, `a..${address}`, `a${address}`, `${address}..`])
      expect(() => onionName(host), host)
        .to.throw(SocketError, /version 3$/)
        .with.property('code', 'ONION_ADDRESS_INVALID')
  })
})
