import { expect } from 'chai'
import { formatBytes, progressLine } from '../../../lib/cli/terminal/progress-bar.ts'
import { StatusLine } from '../../../lib/cli/terminal/terminal.ts'
import { GATEWAY_HELP, GATEWAY_OPTIONS } from '../../../lib/cli/usage/gateway-usage.ts'
import { SERVE_HELP, SERVE_OPTIONS } from '../../../lib/cli/usage/serve-usage.ts'
import { UsageError } from '../../../lib/cli/usage/usage-error.ts'
import { EXIT_OPTIONS } from '../../../lib/cli/usage/exit-usage.ts'
import { parseArguments } from '../../../lib/cli/usage/usage.ts'
import { FETCH_HELP, HELP, PROXY_HELP, RESOLVE_HELP } from '../../../lib/cli/usage/usage-texts.ts'

/** Every exit will do. */
const ANY = { only: [], not: [], geoip: undefined }

describe('The command line: arguments', () => {
  it('has a help that fits a screen', () => {
    for (const help of [HELP, FETCH_HELP, PROXY_HELP, RESOLVE_HELP, GATEWAY_HELP, SERVE_HELP]) {
      const lines = help.split('\n')
      expect(lines.length).to.be.at.most(24)
      expect(lines.filter((line) => line.length > 80)).to.deep.equal([])
    }
  })

  it('names every option in its help', () => {
    const names: Readonly<Record<string, readonly string[]>> = {
      [FETCH_HELP]: ['output', 'continue', 'include', 'method', 'data', 'header', 'cacert'],
      [PROXY_HELP]: ['socks', 'http', 'dashboard', 'log'],
      [HELP]: ['network', 'embedded', 'quiet', 'help', 'version', ...Object.keys(EXIT_OPTIONS)],
    }
    for (const [help, options] of Object.entries(names))
      for (const option of options) expect(help).to.include(`--${option}`)
    for (const option of Object.keys(SERVE_OPTIONS)) expect(SERVE_HELP).to.include(`--${option}`)
    for (const option of Object.keys(GATEWAY_OPTIONS)) expect(GATEWAY_HELP).to.include(`--${option}`)
  })

  it('reads a service: ports and where they lead, its key and its clients', () => {
    const client = `descriptor:x25519:${'m'.repeat(51)}a`
    const given = [
      'serve',
      '80:127.0.0.1:8080',
      '22:[::1]:2222',
      '8000',
      '443:8443',
      '--key',
      'file',
      '--client',
      client,
      '--pow',
    ]
    const command = parseArguments(given)
    expect(command).to.deep.include({ command: 'serve', key: 'file', clients: [client], pow: true })
    expect(command.command === 'serve' && [...command.targets]).to.deep.equal([
      [80, { host: '127.0.0.1', port: 8080 }],
      [22, { host: '::1', port: 2222 }],
      [8000, { host: '127.0.0.1', port: 8000 }],
      [443, { host: '127.0.0.1', port: 8443 }],
    ])
  })

  for (const [what, args] of Object.entries({
    'without a port': [],
    'at port 0': ['0'],
    'of a port that is none': ['80:localhost:70000'],
    'of words': ['http'],
    'of a port twice': ['80', '80:8080'],
    'for a client that is none': ['80', '--client', 'descriptor:x25519:abc'],
    'within this process': ['80', '--embedded'],
    'with an exit': ['80', '--exit', 'de'],
  }))
    it(`refuses a service ${what}`, () => {
      expect(() => parseArguments(['serve', ...args])).to.throw(UsageError)
    })

  it('reads a fetch', () => {
    const args = [
      'fetch',
      'https://example.com/x',
      '-o',
      'file',
      '-i',
      '--method',
      'PUT',
      '--data',
      '@in',
      '--header',
      'A: b:c',
      '--header',
      'D:e',
      '--embedded',
      '-q',
    ]
    const command = parseArguments(args)
    expect({ ...command, url: String((command as { url?: URL }).url) }).to.deep.equal({
      command: 'fetch',
      url: 'https://example.com/x',
      output: 'file',
      exits: ANY,
      isContinued: false,
      include: true,
      method: 'PUT',
      data: '@in',
      headers: [
        ['A', 'b:c'],
        ['D', 'e'],
      ],
      cacert: undefined,
      network: { kind: 'embedded' },
      quiet: true,
    })
  })

  it("serves SOCKS on tor's port unless told otherwise", () => {
    const ports = (...args: string[]): unknown => {
      const { socks, http } = parseArguments(['proxy', ...args]) as { socks?: number; http?: number }
      return [socks, http]
    }
    expect(ports()).to.deep.equal([9050, undefined])
    expect(ports('--http', '8118')).to.deep.equal([undefined, 8118])
    expect(ports('--socks', '0', '--http', '0')).to.deep.equal([0, 0])
    const dashboard = (...args: string[]): number | undefined =>
      (parseArguments(['proxy', ...args]) as { dashboard?: number }).dashboard
    expect(dashboard()).to.equal(undefined)
    expect(dashboard('--dashboard')).to.equal(0)
    expect(dashboard('--dashboard', '--socks', '0')).to.equal(0)
    expect(dashboard('--dashboard', '8080')).to.equal(8080)
    expect(dashboard('--dashboard=8080')).to.equal(8080)
  })

  it('reads a resolve, and which network', () => {
    expect(parseArguments(['resolve', 'example.com', '--network', 'torrc'])).to.deep.equal({
      command: 'resolve',
      name: 'example.com',
      exits: ANY,
      network: { kind: 'file', file: 'torrc' },
      quiet: false,
    })
  })

  it('reads a gateway', () => {
    const defaults = {
      command: 'gateway',
      hostname: '127.0.0.1',
      port: 8080,
      origins: undefined,
      maxLinks: undefined,
      maxLinksPerClient: undefined,
      trustForwarded: false,
      allowPrivate: false,
      network: { kind: 'public' },
      quiet: false,
    }
    expect(parseArguments(['gateway'])).to.deep.equal(defaults)
    const args = 'gateway --listen [::1]:0 --origin https://a.example --origin http://b.example:81/ --max-links 9'
    const others = ' --max-links-per-client 2 --trust-forwarded --allow-private --network torrc -q'
    expect(parseArguments((args + others).split(' '))).to.deep.equal({
      ...defaults,
      hostname: '::1',
      port: 0,
      origins: ['https://a.example', 'http://b.example:81'],
      maxLinks: 9,
      maxLinksPerClient: 2,
      trustForwarded: true,
      allowPrivate: true,
      network: { kind: 'file', file: 'torrc' },
      quiet: true,
    })
    expect(parseArguments(['gateway', '--listen', '81'])).to.include({ hostname: '127.0.0.1', port: 81 })
  })

  it('takes - for standard output', () => {
    expect(parseArguments(['fetch', '-o', '-', 'http://a.test/'])).to.have.property('output', undefined)
  })

  it('gives help and the version whatever else there is', () => {
    const help = (text: string): object => ({ command: 'help', text, isUnasked: false })
    const helps: Readonly<Record<string, string>> = {
      fetch: FETCH_HELP,
      proxy: PROXY_HELP,
      resolve: RESOLVE_HELP,
      gateway: GATEWAY_HELP,
    }
    for (const [name, text] of Object.entries(helps)) {
      expect(parseArguments([name, '-h'])).to.deep.equal(help(text))
      expect(parseArguments(['help', name])).to.deep.equal(help(text))
    }
    expect(parseArguments(['help'])).to.deep.equal(help(HELP))
    expect(parseArguments(['help', 'fly'])).to.deep.equal(help(HELP))
    expect(parseArguments(['--help'])).to.deep.equal(help(HELP))
    expect(parseArguments(['constructor', '--help'])).to.deep.equal(help(HELP))
    expect(parseArguments(['--version'])).to.deep.equal({ command: 'version' })
  })

  it('has its help for whoever gives nothing at all, though nothing was done', () => {
    expect(parseArguments([])).to.deep.equal({ command: 'help', text: HELP, isUnasked: true })
  })

  it('reads which exits, by fingerprint or country, as a torrc has them too', () => {
    const fingerprint = 'a'.repeat(40)
    const args = ['proxy', '--exit', `de,{FR},$${fingerprint}`, '--exit', 'se', '--exclude', 'us', '--geoip', 'file']
    expect(parseArguments(args)).to.have.deep.property('exits', {
      only: [
        { kind: 'country', value: 'DE' },
        { kind: 'country', value: 'FR' },
        { kind: 'fingerprint', value: fingerprint.toUpperCase() },
        { kind: 'country', value: 'SE' },
      ],
      not: [{ kind: 'country', value: 'US' }],
      geoip: ['file'],
    })
  })

  it('reads how much is to be told', () => {
    expect(parseArguments(['proxy', '--log', 'debug'])).to.have.property('log', 'debug')
    expect(parseArguments(['proxy'])).to.have.property('log', undefined)
  })

  it('reads that a fetch goes on', () => {
    expect(parseArguments(['fetch', '-c', '-o', 'file', 'http://a.test/'])).to.include({ isContinued: true })
  })

  const wrong: Readonly<Record<string, readonly string[]>> = {
    'options without a command': ['--embedded'],
    'an option given twice': ['proxy', '--socks', '1', '--socks', '2'],
    'an option given twice, once by a letter': ['fetch', 'http://a.example/', '-o', 'a', '--output', 'b'],
    'two names': ['resolve', 'a.example', 'b.example'],
    'a level of the log that is none': ['proxy', '--log', 'loud'],
    'a log of fetch': ['fetch', 'http://a.example/', '--log', 'info'],
    'an exit that is no fingerprint': ['proxy', '--exit', 'ABCD'],
    'an exit that is nothing': ['proxy', '--exit', ''],
    'a list of exits with a gap': ['proxy', '--exclude', 'de,,fr'],
    'exits of a gateway': ['gateway', '--exit', 'de'],
    'going on without a file': ['fetch', 'http://a.example/', '--continue'],
    'going on with standard output': ['fetch', 'http://a.example/', '--continue', '-o', '-'],
    'going on with a POST': ['fetch', 'http://a.example/', '--continue', '-o', 'x', '--data', 'y'],
    'going on with a head before the file': ['fetch', 'http://a.example/', '--continue', '-o', 'x', '-i'],
    'no such command': ['fly'],
    'no such option': ['fetch', 'http://example.com/', '--fly'],
    'an option without its value': ['fetch', 'http://example.com/', '-o'],
    'no URL': ['fetch'],
    'what is no URL': ['fetch', 'example'],
    'a URL of another kind': ['fetch', 'ftp://example.com/'],
    'two URLs': ['fetch', 'http://a.example/', 'http://b.example/'],
    'a header with a line break': ['fetch', 'http://example.com/', '--header', 'A: b\r\nC: d'],
    'a header that begins in the next line': ['fetch', 'http://example.com/', '--header', 'A:\nC: d'],
    'a header with a line break in its name': ['fetch', 'http://example.com/', '--header', 'A\nB: c'],
    'a header with a NUL': ['fetch', 'http://example.com/', '--header', 'A: b\0'],
    'a header with what is no byte': ['fetch', 'http://example.com/', '--header', 'A: \u20ac'],
    'a URL with line breaks that is none': ['fetch', 'no\nurl'],
    'a command with a line break': ['fl\ny'],
    'a header without a name': ['fetch', 'http://example.com/', '--header', ': x'],
    'an option of another command': ['resolve', 'example.com', '--socks', '1'],
    'an option of fetch for proxy': ['proxy', '--data', 'x'],
    'a port that is none': ['proxy', '--socks', '65536'],
    'a port for the dashboard that is none': ['proxy', '--dashboard', 'x'],
    'a dashboard of fetch': ['fetch', 'http://a.example/', '--dashboard'],
    'a port that is no number': ['proxy', '--http', '-1'],
    'an argument for proxy': ['proxy', '9050'],
    'an argument for gateway': ['gateway', '8080'],
    'a name to listen on': ['gateway', '--listen', 'a.example:80'],
    'an address without a port to listen on': ['gateway', '--listen', '127.0.0.1'],
    'a port above the highest to listen on': ['gateway', '--listen', '127.0.0.1:65536'],
    'an origin with a path': ['gateway', '--origin', 'https://a.example/x'],
    'an origin that is none': ['gateway', '--origin', '*'],
    'no links at all': ['gateway', '--max-links', '0'],
    'an option of gateway for proxy': ['proxy', '--origin', 'https://a.example'],
    'a gateway to the network within the process': ['gateway', '--embedded'],
    'a method that is none': ['fetch', 'http://a.example/', '--method', 'GE T'],
    'a method that no fetch has': ['fetch', 'http://a.example/', '--method', 'connect'],
    'a GET with data': ['fetch', 'http://a.example/', '--method', 'get', '--data', 'x'],
    'a HEAD with data': ['fetch', 'http://a.example/', '--method', 'HEAD', '--data', ''],
    'a URL with credentials': ['fetch', 'http://user:secret@a.example/'],
    'a URL with a port that no fetch connects to': ['fetch', 'http://a.example:25/'],
    'a URL with port 0': ['fetch', 'http://a.example:0/'],
    'a name that can be none': ['resolve', 'foo bar'],
    'a URL as a name': ['resolve', 'http://a.example/'],
    'an address that is none as a name': ['resolve', '1.2.3.4.5'],
    'no name at all': ['resolve', ''],
    'two networks': ['resolve', 'x', '--embedded', '--network', 'file'],
  }
  for (const [what, args] of Object.entries(wrong)) {
    it(`refuses ${what} in one sentence`, () => {
      expect(() => parseArguments(args)).to.throw(UsageError, /^[^\n]{10,120}$/)
    })
  }
})

describe('The command line: a line of progress', () => {
  const output = (
    isTTY: boolean,
  ): { isTTY: boolean; columns: number; text: string; write(data: string | Uint8Array): boolean } => ({
    isTTY,
    columns: 20,
    text: '',
    write(data) {
      this.text += String(data)
      return true
    },
  })

  it('is written over on a terminal, and never longer than it is wide', () => {
    const terminal = output(true)
    const line = new StatusLine(terminal, false)
    line.show('a text that is longer than the terminal')
    line.show('short')
    line.clear()
    expect(terminal.text).to.equal(`\ra text that is long\rshort${' '.repeat(14)}\r     \r`)
  })

  it('is not there without a terminal, or when all is to be quiet', () => {
    for (const [isTTY, isQuiet] of [
      [false, false],
      [true, true],
    ] as const) {
      const terminal = output(isTTY)
      const line = new StatusLine(terminal, isQuiet)
      line.show('a text')
      line.clear()
      expect(terminal.text).to.equal('')
    }
  })
})

describe('The command line: progress', () => {
  it('counts bytes for people', () => {
    expect([0, 999, 1000, 99_499, 99_500, 999_499, 999_500, 1_234_567, 5e15].map(formatBytes)).to.deep.equal([
      '0 B',
      '999 B',
      '1.0 kB',
      '99.5 kB',
      '100 kB',
      '999 kB',
      '1.0 MB',
      '1.2 MB',
      '5000 TB',
    ])
  })

  it('draws a bar where the length is known', () => {
    expect(progressLine(0, 100, 0)).to.match(/^\[\.{30}\] {3}0 % {2}0 B of 100 B$/)
    expect(progressLine(50, 100, 1000)).to.match(/^\[#{15}\.{15}\] {2}50 % {2}50 B of 100 B {2}50 B\/s$/)
    expect(progressLine(100, 100, 1000)).to.match(/^\[#{30}\] 100 % /)
    expect(progressLine(200, 100, 1000)).to.match(/^\[#{30}\] 100 % /)
  })

  it('counts where it is not', () => {
    expect(progressLine(2_000_000, undefined, 1000)).to.equal('2.0 MB  2.0 MB/s')
    expect(progressLine(0, 0, 0)).to.equal('0 B')
  })
})
