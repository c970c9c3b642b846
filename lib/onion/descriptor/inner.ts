/**
 * The second layer's plain text (rend-spec-v3, "Second layer plaintext format"): how the service is to be spoken to, and
 * its introduction points.
 *
 * @module
 */
import { DocumentReader } from '../../directory/text/document.ts'
import { decodeBase64 } from '../../directory/text/encoding.ts'
import { parseNumber, parseTime } from '../../directory/text/fields.ts'
import { parseProtocols } from '../../directory/protocols.ts'
import { TorError } from '../../base/errors.ts'
import { parseIntroPoint, type IntroPoint, type IntroPointRule } from './intro-point.ts'

/** The handshake that clients make with introduction points. */
const NTOR = '2'

/** No descriptor has more. */
const MAX_INTRO_POINTS = 20

/** How far the service's increment may be from the network's, in cells: as C tor has it. */
const MAX_INCREMENT_DIFFERENCE = 1

const SEED_SIZE = 32
const LARGEST_EFFORT = 0xffff_ffff

/** What a service wants of its clients when it has too many (proposal 327). */
export interface ProofOfWork {
  /** 32 bytes. */
  readonly seed: Uint8Array
  /** What it suggests; 0 for none. */
  readonly effort: number
  /** Until when the seed holds, in ms since the epoch. */
  readonly expires: number
}

/** What a descriptor says to those who can read it. */
export interface InnerLayer {
  readonly introPoints: readonly IntroPoint[]
  /** How many introduction points were listed, those that are malformed included. */
  readonly listed: number
  /** How many cells a SENDME stands for, where the service offers congestion control. */
  readonly sendmeIncrement: number | undefined
  readonly isSingleOnion: boolean
  readonly proofOfWork: ProofOfWork | undefined
}

/** What the second layer has to be. */
export interface InnerRule extends IntroPointRule {
  /** The network's `cc_sendme_inc`. */
  readonly sendmeIncrement: number
}

/**
 * Reads a decrypted second layer. An introduction point that is malformed is passed over.
 *
 * @throws TorError (as a rejection) `DIRECTORY_MALFORMED`
 */
export async function parseInner(plain: Uint8Array, rule: InnerRule): Promise<InnerLayer> {
  const text = new TextDecoder('latin1').decode(plain)
  const starts = [...text.matchAll(/^introduction-point /gm)].map(({ index }) => index)
  const head = readHead(new DocumentReader(text.slice(0, starts[0] ?? text.length), 'second layer'), rule)
  const introPoints: IntroPoint[] = []
  for (const [at, start] of starts.slice(0, MAX_INTRO_POINTS).entries()) {
    const point = await introPointOf(text.slice(start, starts[at + 1] ?? text.length), rule)
    if (point !== undefined) introPoints.push(point)
  }
  return { ...head, introPoints, listed: starts.length }
}

type Head = Omit<InnerLayer, 'introPoints' | 'listed'>

function readHead(reader: DocumentReader, rule: InnerRule): Head {
  const seen = new Set<string>()
  let formats: readonly string[] | undefined
  let sendmeIncrement: number | undefined
  let isSingleOnion = false
  let proofOfWork: ProofOfWork | undefined
  while (reader.next()) {
    const { keyword } = reader
    if (keyword === 'pow-params') {
      const [scheme] = reader.words(1)
      if (scheme !== 'v1') continue
      if (proofOfWork !== undefined) reader.fail('"pow-params" is there twice')
      proofOfWork = readProofOfWork(reader)
      continue
    }
    if (seen.has(keyword)) reader.fail(`"${keyword}" is there twice`)
    seen.add(keyword)
    if (keyword === 'create2-formats') formats = reader.list()
    // Nobody has ever asked for any: whatever it is, it is not known here.
    else if (keyword === 'intro-auth-required') reader.fail('it wants clients to authenticate in an unknown way')
    else if (keyword === 'single-onion-service') isSingleOnion = true
    else if (keyword === 'flow-control') sendmeIncrement = readFlowControl(reader, rule.sendmeIncrement)
  }
  if (formats?.includes(NTOR) !== true) reader.fail('it has no handshake that is known')
  return { sendmeIncrement, isSingleOnion, proofOfWork }
}

/** `flow-control 1-2 31`: versions, and the increment of SENDMEs under congestion control. */
function readFlowControl(reader: DocumentReader, ours: number): number | undefined {
  const [versions = '', increment] = reader.words(2)
  const protocols = parseProtocols(`FlowCtrl=${versions}`) ?? reader.fail('"flow-control" has no versions')
  const value = parseNumber(increment, 255) ?? reader.fail('"flow-control" has no increment')
  if (!protocols.supports('FlowCtrl', 2)) return undefined
  if (value === 0 || Math.abs(value - ours) > MAX_INCREMENT_DIFFERENCE)
    reader.fail('"flow-control" has an increment that is far from the network\'s')
  return value
}

/** `pow-params v1 SEED EFFORT 2024-04-11T05:15:37`. */
function readProofOfWork(reader: DocumentReader): ProofOfWork {
  const [, encoded = '', number, time] = reader.words(4)
  const seed = decodeBase64(encoded)
  const effort = parseNumber(number, LARGEST_EFFORT)
  const expires = parseTime(...((time ?? '').split('T', 2) as [string, string]))
  if (seed?.length !== SEED_SIZE || effort === undefined || expires === undefined)
    return reader.fail('"pow-params" is not well-formed')
  return { seed, effort, expires }
}

/** One introduction point; undefined when it is malformed. */
async function introPointOf(text: string, rule: IntroPointRule): Promise<IntroPoint | undefined> {
  try {
    return await parseIntroPoint(text, rule)
  } catch (error) {
    if (error instanceof TorError) return undefined
    throw error
  }
}
