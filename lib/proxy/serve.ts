/**
 * One connection of a proxy's client from its first byte to its end, whichever protocol it speaks.
 *
 * @module
 */
import { startTimer } from '../base/waiting/clock.ts'
import { parseIPAddress } from '../cell/ip-address.ts'
import { onAbort } from '../base/waiting/abort.ts'
import { markHandled } from '../base/waiting/deferred.ts'
import { SocketError } from '../base/errors.ts'
import { ClientEnd, type ProxyConnection } from './client-end.ts'
import type { ProxyCircuitChoice, ProxyResolve, ProxySocket } from './connect.ts'
import type { ConnectRequest, HandshakeStep, LookupRequest, ProxyHandshake } from './handshake.ts'
import type { ResolvedProxyOptions } from './options.ts'
import { tunnel } from './tunnel.ts'

type Granting = Extract<HandshakeStep, { type: 'request' }>

/**
 * Serves one connection. Resolves when it is over, however it ended: that a client or a far end fails is no failure of
 * the server's.
 *
 * @throws TypeError when the connection has no streams, or when one of them is locked
 */
export async function serve(
  connection: ProxyConnection,
  handshake: ProxyHandshake,
  options: ResolvedProxyOptions,
): Promise<void> {
  const { signal } = options
  const client = new ClientEnd(connection)
  const forget = onAbort(signal, () => client.giveUp(signal?.reason))
  try {
    const granting = await shakeHands(client, handshake, options)
    if (granting === undefined) await client.finish()
    else if (granting.request.command === 'connect') await connectFor(client, granting.request, granting.rest, options)
    else {
      if (!options.allowHalfOpen) watch(client)
      await client.finish(await answerTo(granting.request, options.resolve, client.gone))
    }
  } catch (error) {
    client.giveUp(error)
  } finally {
    forget()
  }
}

/** Resolves to the request, or to undefined when there will be none: the client was refused, left, or took too long. */
async function shakeHands(
  client: ClientEnd,
  handshake: ProxyHandshake,
  options: ResolvedProxyOptions,
): Promise<Granting | undefined> {
  const { clock, handshakeTimeout } = options
  const tooLate = (): void =>
    client.giveUp(new SocketError('TIMEOUT', `the client made no request within ${handshakeTimeout} ms`))
  const stopTimer = startTimer(clock, handshakeTimeout, tooLate)
  try {
    for (;;) {
      const bytes = await client.port.read()
      if (bytes === undefined) return undefined
      const step = handshake.take(bytes)
      if (step.type !== 'more' && step.warning !== undefined) options.onWarning(step.warning)
      if (step.reply.length > 0) await client.port.write(step.reply)
      if (step.type === 'request') return step
      if (step.type === 'refused') return undefined
    }
  } finally {
    stopTimer()
    options.onHandshakeEnd()
  }
}

/** A client without credentials asks for no circuit of its own, so that a `connect` that has only one serves it too. */
const choiceOf = ({ isolation }: ConnectRequest | LookupRequest): ProxyCircuitChoice =>
  isolation === undefined ? {} : { isolation }

async function connectFor(
  client: ClientEnd,
  request: ConnectRequest,
  early: Uint8Array,
  { connect, allowHalfOpen }: ResolvedProxyOptions,
): Promise<void> {
  let socket: ProxySocket
  try {
    const { addressFamily } = request
    socket = connect(request.address, { ...choiceOf(request), ...(addressFamily && { addressFamily }) })
  } catch (error) {
    await client.finish(request.failed(error))
    return
  }
  await tunnel(client, socket, request, early, allowHalfOpen)
}

/** Gives up a lookup whose client leaves. What it sends meanwhile is dropped. */
function watch(client: ClientEnd): void {
  const read = async (): Promise<void> => {
    for (;;) {
      if ((await client.port.read()) !== undefined) continue
      if (client.hasLeft) client.giveUp(new SocketError('CLOSED', 'the client has left'))
      return
    }
  }
  markHandled(read()) // a connection that fails is met where the reply is sent
}

/**
 * The reply to a lookup. An address that a client wants the address of is its own answer: asking would be a reverse
 * lookup.
 */
async function answerTo(
  request: LookupRequest,
  resolve: ProxyResolve | undefined,
  signal: AbortSignal,
): Promise<Uint8Array> {
  const { hostname } = request
  const address = parseIPAddress(hostname)
  if (request.command === 'resolve' && address) {
    return request.answered([{ type: address.length === 4 ? 'ipv4' : 'ipv6', address: hostname }])
  }
  try {
    if (resolve === undefined) throw new TypeError('This front has no resolve') // a handshake that offers none refuses these requests
    return request.answered(await resolve(hostname, { ...choiceOf(request), signal }))
  } catch (error) {
    return request.failed(error)
  }
}
