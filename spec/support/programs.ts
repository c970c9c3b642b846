/**
 * Programs that specs need and that a machine may not have. Without one the spec is pending, by name and with the line
 * that installs it; with `TOR_STREAMS_REQUIRE_ALL=1` it fails. For specs that run in Node only.
 *
 * @module
 */
import { accessSync, constants, statSync } from 'node:fs'
import { delimiter, join } from 'node:path'

const INSTALL = {
  'tor': 'apt-get install --no-install-recommends tor',
  'tor-gencert': 'apt-get install --no-install-recommends tor',
  'chromium': 'apt-get install --no-install-recommends chromium',
  'firefox-esr': 'apt-get install --no-install-recommends firefox-esr',
  'WebKitWebDriver': 'apt-get install --no-install-recommends webkit2gtk-driver',
  'Xvfb': 'apt-get install --no-install-recommends xvfb',
  'curl': 'apt-get install --no-install-recommends curl',
  'wget': 'apt-get install --no-install-recommends wget',
  'aria2c': 'apt-get install --no-install-recommends aria2',
  'proxychains4': 'apt-get install --no-install-recommends proxychains4',
  'apt-get': 'it is of Debian and its kin',
  'torsocks': 'apt-get install --no-install-recommends torsocks',
  'ssh': 'apt-get install --no-install-recommends openssh-client',
  'sshd': 'apt-get install --no-install-recommends openssh-server',
  'rsync': 'apt-get install --no-install-recommends rsync',
  'nc.openbsd': 'apt-get install --no-install-recommends netcat-openbsd',
  'ncat': 'apt-get install --no-install-recommends ncat',
  'socat': 'apt-get install --no-install-recommends socat',
  'openssl': 'apt-get install --no-install-recommends openssl',
  'git': 'apt-get install --no-install-recommends git',
  'websockify': 'apt-get install --no-install-recommends websockify',
  'script': 'apt-get install --no-install-recommends bsdutils',
  'systemd-analyze': 'apt-get install --no-install-recommends systemd procps',
  'buildah': 'apt-get install --no-install-recommends buildah',
  'unshare': 'apt-get install --no-install-recommends util-linux',
  'gcc': 'apt-get install --no-install-recommends gcc libc6-dev',
} as const

/** A program that specs know how to ask for. */
export type Program = keyof typeof INSTALL

/** The path of `name` on PATH, or undefined. */
export function findProgram(name: Program): string | undefined {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/usr/bin']
  return folders
    .filter((folder) => folder !== '')
    .map((folder) => join(folder, name))
    .find(isExecutable)
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return statSync(path).isFile()
  } catch {
    return false // Not there, or not for us: the next folder may have it.
  }
}

/**
 * The path of a program that this spec, or every spec of this suite, needs. Where it is missing this skips them with
 * the line that installs it, or throws if `TOR_STREAMS_REQUIRE_ALL` is 1.
 *
 * ```ts
 * before(function () { tor = requireProgram(this, 'tor') })
 * ```
 */
export function requireProgram(context: Mocha.Context, name: Program): string {
  const path = findProgram(name)
  if (path !== undefined) return path
  return skipBecause(context, `${name} is not installed: ${INSTALL[name]}`)
}

/**
 * Skips this spec, or from a `before` hook every spec of its suite, for `reason`; throws if `TOR_STREAMS_REQUIRE_ALL`
 * is 1.
 */
export function skipBecause(context: Mocha.Context, reason: string): never {
  if (process.env['TOR_STREAMS_REQUIRE_ALL'] === '1') throw new Error(reason)
  const runnable = context.test
  const isHook = runnable !== undefined && 'type' in runnable && runnable.type === 'hook'
  Object.assign((isHook ? runnable.parent : runnable) ?? {}, { pendingReason: reason })
  return context.skip()
}

/**
 * Skips this spec for want of data that no package has and that this repository does not hold. It is counted with what this
 * engine has not, by name and reason, and never as passed.
 */
export function skipWithout(context: Mocha.Context, reason: string): never {
  Object.assign(context.test ?? {}, { engineLacks: reason })
  return context.skip()
}
