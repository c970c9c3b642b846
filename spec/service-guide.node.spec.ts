/** The unit of systemd and the Dockerfile of the guide on services, as far as this machine can tell. */
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { parseArguments } from '../lib/cli/usage/usage.ts'
import { ROOT } from '../scripts/files.js'
import { requireProgram } from './support/programs.ts'

const guide = readFileSync(join(ROOT, 'docs', 'guides', 'service.md'), 'utf8')
const blockOf = (language: string): string =>
  new RegExp(`^\`\`\`${language}\\n([^]*?)^\`\`\`$`, 'm').exec(guide)?.[1] ?? ''
const unit = blockOf('ini')
const dockerfile = blockOf('dockerfile')
const packageName = (JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { name: string }).name

/** The directives of a section. */
function section(name: string): Map<string, string> {
  const text = new RegExp(`^\\[${name}\\]\\n((?:(?!\\[).+\\n|\\n)*)`, 'm').exec(unit)?.[1] ?? ''
  return new Map(
    text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
  )
}

describe('The guide on services', () => {
  it('has a unit whose command the program understands, whose end is no failure, and which keeps its guards', () => {
    const service = section('Service')
    const [program, ...args] = (service.get('ExecStart') ?? '').split(' ')
    expect(program).to.match(/^\/.*\/node_modules\/\.bin\/tor-streams$/)
    expect(parseArguments(args)).to.include({ command: 'proxy', socks: 9050 })
    expect(service.get('SuccessExitStatus')).to.equal('130')
    expect(service.get('ExecReload')).to.equal('/bin/kill -USR2 $MAINPID')
    expect([service.get('CacheDirectory'), service.get('Environment')]).to.deep.equal([
      'tor-streams',
      'XDG_CACHE_HOME=%C',
    ])
    expect([section('Unit').size > 0, section('Install').get('WantedBy')]).to.deep.equal([true, 'multi-user.target'])
  })

  it('has a unit that systemd finds no fault with, where there is systemd', function () {
    const analyze = requireProgram(this, 'systemd-analyze')
    const folder = mkdtempSync(join(tmpdir(), 'tor-streams-unit-'))
    try {
      const file = join(folder, 'tor-streams-proxy.service')
      // The program is not installed where the guide has it.
      writeFileSync(
        file,
        unit.replace(/^ExecStart=\S+/m, `ExecStart=${process.execPath}`).replace(/^WorkingDirectory=.*\n/m, ''),
      )
      const { stderr, status } = spawnSync(analyze, ['verify', file], { encoding: 'utf8' })
      const ours = stderr.split('\n').filter((line) => line.includes('tor-streams-proxy'))
      expect([...ours, status]).to.deep.equal([0])
      expect(execFileSync('sh', ['-c', 'test -x /bin/kill && echo yes'], { encoding: 'utf8' })).to.equal('yes\n')
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  })

  it('has a Dockerfile of known instructions, whose command is ours, by a user that is not root, with a place to keep things', () => {
    const lines = dockerfile.split('\n').filter((line) => line !== '')
    for (const line of lines) expect(line).to.match(/^(FROM|WORKDIR|RUN|USER|ENV|VOLUME|EXPOSE|CMD) \S/)
    expect(lines[0]).to.match(/^FROM node:\d+-slim$/)
    expect(dockerfile).to.include(`npm install ${packageName}`)
    const command = /^CMD (\[.*\])$/m.exec(dockerfile)?.[1] ?? '[]'
    const [program, ...args] = JSON.parse(command) as string[]
    expect(program).to.equal('node_modules/.bin/tor-streams')
    expect(parseArguments(args)).to.include({ command: 'proxy', socks: 9050 })
    const at = (start: string): number => lines.findIndex((line) => line.startsWith(start))
    expect(at('RUN ')).to.be.below(at('USER node'))
    expect(at('USER node')).to.be.below(at('CMD '))
    expect(/^ENV XDG_CACHE_HOME=(\S+)$/m.exec(dockerfile)?.[1]).to.equal(/^VOLUME (\S+)$/m.exec(dockerfile)?.[1])
  })
})
