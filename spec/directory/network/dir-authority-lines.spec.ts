import { expect } from 'chai'
import { parseDirAuthorityLines } from '../../../lib/directory/network/dir-authority-lines.ts'
import { encodeHex } from '../../../lib/directory/text/encoding.ts'
import { thrownBy } from '../../cell/support/bytes.ts'

describe('"DirAuthority" lines', () => {
  const LINE =
    'DirAuthority auth0 orport=31000 no-v2 v3ident=c140ca7cbe45857283ec3d8880a8f4b2e74b72c7 127.0.0.1:31100 38E74FDCA9ADB6B91E41BC472BCEA701C96F20C7'

  it('name the authorities of a network', () => {
    const [authority] = parseDirAuthorityLines(`# of a private network\n\n  ${LINE} # one\r\n`)
    expect(authority).to.deep.include({
      nickname: 'auth0',
      v3Identity: 'C140CA7CBE45857283EC3D8880A8F4B2E74B72C7',
      addresses: [{ hostname: '127.0.0.1', port: 31_000 }],
    })
    expect(encodeHex(authority?.rsaIdentity ?? new Uint8Array(0))).to.equal('38E74FDCA9ADB6B91E41BC472BCEA701C96F20C7')
  })

  it('may have an IPv6 address, and a fingerprint in groups', () => {
    const text = LINE.replace('no-v2', 'ipv6=[2001:db8::1]:443').replace('38E74FDC', '38E7 4FDC ')
    expect(parseDirAuthorityLines(text)[0]?.addresses).to.deep.equal([
      { hostname: '127.0.0.1', port: 31_000 },
      { hostname: '2001:db8::1', port: 443 },
    ])
    expect(parseDirAuthorityLines(text)[0]?.rsaIdentity).to.have.length(20)
  })

  it('leave out the bridge authority', () => {
    expect(
      parseDirAuthorityLines(`Serge orport=9001 bridge 66.111.2.131:9030 ${'A'.repeat(40)}\n${LINE}`),
    ).to.have.length(1)
  })

  it('are refused when they are not well-formed, and say which line', () => {
    for (const [from, to] of [
      ['orport=31000 ', ''],
      ['orport=31000', 'orport=0'],
      ['v3ident=', 'v3='],
      ['v3ident=c1', 'v3ident='],
      ['127.0.0.1:31100', 'example.com:31100'],
      ['127.0.0.1:31100', '127.0.0.1'],
      [':31100', ':99999'],
      ['38E7', ''],
      ['38E7', 'XXXX'],
      ['no-v2', 'ipv6=::1'],
      ['127.0.0.1:31100', '[2001:db8::1]:31100'],
      ['20C7', '20C7 trailing'],
      ['auth0 orport', '"auth0 orport'],
    ] as const) {
      const error = thrownBy(() => parseDirAuthorityLines(`\n${LINE.replace(from, to)}`))
      expect(error, `${from} to ${to}`).to.be.instanceOf(TypeError)
      expect((error as TypeError).message).to.match(/line 2/)
    }
  })

  it('may lack a nickname, and have flags in any case, and flags that are not known', () => {
    const text = LINE.replace('auth0 orport', 'ORPORT').replace('no-v2', 'weight=2 upload=http://x/ what')
    expect(parseDirAuthorityLines(text)[0]).to.deep.include({
      nickname: 'Unnamed',
      addresses: [{ hostname: '127.0.0.1', port: 31_000 }],
    })
  })
})

describe('The authorities of a whole torrc', () => {
  const V3 = 'v3ident=c140ca7cbe45857283ec3d8880a8f4b2e74b72c7'
  const KEY = '38E74FDCA9ADB6B91E41BC472BCEA701C96F20C7'
  const authority = (nickname: string): string => `${nickname} orport=31000 ${V3} 127.0.0.1:31100 ${KEY}`
  const names = (text: string): string[] => parseDirAuthorityLines(text).map(({ nickname }) => nickname)
  /** True when it comes to an end, with authorities or a TypeError. */
  const endsWell = (text: string): boolean => {
    try {
      return Array.isArray(parseDirAuthorityLines(text))
    } catch (error) {
      return error instanceof TypeError
    }
  }

  it('are found among other options', () => {
    const torrc = [
      '## of a private network',
      'TestingTorNetwork 1',
      'DataDirectory "/var/lib/tor # not a comment"',
      'SocksPort 0 # a comment',
      `DirAuthority ${authority('auth0')}`,
      '',
      `FallbackDir 127.0.0.1:31100 orport=31000 id=${KEY}`,
      `Bridge obfs4 192.0.2.7:443 ${KEY} cert=x iat-mode=0`,
      'ExitPolicy reject *:*',
      `\tDirAuthority ${authority('auth1')}`,
      'HiddenServiceDir',
    ].join('\n')
    expect(names(torrc)).to.deep.equal(['auth0', 'auth1'])
    expect(names(torrc.replaceAll('\n', '\r\n'))).to.deep.equal(['auth0', 'auth1'])
  })

  it('have their option in any case, cut short, and by its older name, as tor takes it', () => {
    const taken = [
      'dirauthority',
      'DIRAUTHORITY',
      'DirAuth',
      'DirAu',
      '+DirAuthority',
      'DirServer',
      'AlternateDirAuthority',
    ]
    for (const keyword of [...taken, 'AlternateDir'])
      expect(names(`${keyword} ${authority('auth0')}`), keyword).to.deep.equal(['auth0'])
    for (const keyword of ['DirA', 'DirAuthorityFallbackRate', 'Alternate', 'AlternateBridgeAuthority'])
      expect(names(`DirAuthority ${authority('auth0')}\n${keyword} 1`), keyword).to.deep.equal(['auth0'])
  })

  it('go on in the next line behind a backslash, comments in between', () => {
    const torrc = `DirAuthority auth0 \\\n  # why not \\\n orport=31\\\n000 ${V3} \\\n# and why\n127.0.0.1:31100 38E7 \\\r\n4FDCA9ADB6B91E41BC472BCEA701C96F20C7\nNickname x`
    expect(parseDirAuthorityLines(torrc)).to.deep.equal(parseDirAuthorityLines(authority('auth0')))
    expect(names(`DirAuthority\\\n ${authority('auth1')}`)).to.deep.equal(['auth1'])
  })

  it('may be in quotes, with what C escapes', () => {
    const quoted = `DirAuthority "${authority('auth0').replace('orport', '\\x6f\\162port').replace(' ', '\\t')}" # so`
    expect(parseDirAuthorityLines(quoted)).to.deep.equal(parseDirAuthorityLines(authority('auth0')))
  })

  it('are dropped by an option with a slash, those ahead of it', () => {
    const torrc = `DirAuthority ${authority('auth0')}\nAlternateDirAuthority ${authority('auth1')}\n/DirAuthority\nDirAuthority ${authority('auth2')}`
    expect(names(torrc).sort()).to.deep.equal(['auth1', 'auth2'])
  })

  it('are not lost where one has no name of an option', () => {
    expect(names(`DirAuthority ${authority('auth0')}\n${authority('auth1')}`).sort()).to.deep.equal(['auth0', 'auth1'])
  })

  it('are passed over where there is nothing behind the option', () => {
    expect(names(`DirAuthority\nDirAuthority # none\nDirAuthority ${authority('auth0')}`)).to.deep.equal(['auth0'])
    expect(names('')).to.deep.equal([])
  })

  it('are refused with a sentence that names the line, in what tor does not read', () => {
    for (const [torrc, line] of [
      ['SocksPort 0\nDirAuthority "auth0', 2],
      [`DirAuthority "${authority('auth0')}" more`, 1],
      ['\n\nDirAuthority "\\z"', 3],
      [`DirAuthority ${authority('auth0')} \\\n\n\nDirAuthority auth1`, 4],
      [`DirAuthority ${authority('auth0')}\n%include /etc/torrc.d/`, 2],
      ['SocksPort 9050\n', 1],
    ] as const) {
      const error = thrownBy(() => parseDirAuthorityLines(torrc))
      expect(error, torrc).to.be.instanceOf(TypeError)
      expect((error as TypeError).message, torrc).to.match(new RegExp(`^Cannot read line ${line} of `))
    }
  })

  it('come to an end, whatever a text is made of', () => {
    for (const piece of ['"', '\\\n', '#', 'a\\', 'DirAuthority \\\n#', '\\"', ' \t', '"\\x41'])
      expect(endsWell(piece.repeat(100_000 / piece.length)), piece).to.equal(true)
  })
})
