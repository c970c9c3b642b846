/**
 * The ClientHello of a link by node:tls: the one that the tor client sends whose TLS is linked with this OpenSSL (C tor 0.4.9,
 * lib/tls/tortls_openssl.c and lib/tls/ciphers.inc). Names and keys aside it is the same byte for byte.
 *
 * BoringSSL (Bun) orders the suites of TLS 1.3, the extensions and some groups by itself: it comes as near as it can.
 *
 * @module
 */
import { builtinModule } from '../runtime/builtin.ts'

/** Options of node:tls that shape a ClientHello. */
export interface HelloOptions {
  readonly ciphers?: string
  readonly ecdhCurve?: string
  readonly sigalgs?: string
  readonly secureOptions?: number
}

interface TlsModule {
  createSecureContext(options: HelloOptions): unknown
}

interface ProcessModule {
  readonly versions: Readonly<Record<string, string | undefined>>
}

/** Those of TLS 1.3 in tor's order, then those of TLS 1.2 that tor has of Firefox's list. */
const CIPHERS = [
  'TLS_AES_128_GCM_SHA256',
  'TLS_CHACHA20_POLY1305_SHA256',
  'TLS_AES_256_GCM_SHA384',
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256',
  'ECDHE-ECDSA-CHACHA20-POLY1305',
  'ECDHE-RSA-CHACHA20-POLY1305',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-AES256-SHA',
  'ECDHE-ECDSA-AES128-SHA',
  'ECDHE-RSA-AES128-SHA',
  'ECDHE-RSA-AES256-SHA',
  'AES128-GCM-SHA256',
  'AES256-GCM-SHA384',
  'AES128-SHA',
  'AES256-SHA',
].join(':')

/** `SSL_OP_TLSEXT_PADDING`: no ClientHello has 256 to 511 bytes. */
const PADDING = 0x10

/** Groups where OpenSSL knows ML-KEM and this syntax: `*` sends a share, `?` does without, `/` parts what is as secure. */
const MLKEM_GROUPS = '?*X25519MLKEM768 / ?SecP256r1MLKEM768 / *P-256:?X25519:P-224'

/** Groups before; the first has the share. A relay before 0.4.9 takes no X25519, and would ask for another hello. */
const GROUPS = 'P-256:X25519:P-224'

/** What BoringSSL has of all of these: no P-224, and no list of signatures like OpenSSL's. */
const BORING_GROUPS = 'X25519MLKEM768:P-256:X25519'
const BORING_SIGNATURES = [
  'ECDSA+SHA256:ECDSA+SHA384:ECDSA+SHA512:ed25519',
  'RSA-PSS+SHA256:RSA-PSS+SHA384:RSA-PSS+SHA512:RSA+SHA256:RSA+SHA384:RSA+SHA512',
].join(':')

const offered = { ciphers: CIPHERS, secureOptions: PADDING }

/**
 * What to offer with an OpenSSL of this version, the best first; an older one would take the newer syntax for something else.
 * The last one stands for a library that was built without some of it: its link has a look of its own, and works.
 */
export function helloCandidates(openssl: string | undefined): readonly HelloOptions[] {
  const [major = 0, minor = 0] = (openssl ?? '').split('.').map(Number)
  const hasMlKem = major > 3 || (major === 3 && minor >= 5)
  return [
    ...(hasMlKem ? [{ ...offered, ecdhCurve: MLKEM_GROUPS }] : []),
    { ...offered, ecdhCurve: GROUPS },
    { ...offered, ecdhCurve: BORING_GROUPS, sigalgs: BORING_SIGNATURES },
    {},
  ]
}

let chosen: HelloOptions | undefined

/** What this runtime's node:tls is to offer: always the same. */
export function nativeHello(): HelloOptions {
  chosen ??= choose()
  return chosen
}

function choose(): HelloOptions {
  const { createSecureContext } = builtinModule<TlsModule>('node:tls')
  const { openssl } = builtinModule<ProcessModule>('node:process').versions
  const isTaken = (options: HelloOptions): boolean => {
    try {
      createSecureContext(options)
      return true
    } catch {
      return false // a group or a suite that this library has not
    }
  }
  return helloCandidates(openssl).find(isTaken) as HelloOptions // the last one asks for nothing
}
