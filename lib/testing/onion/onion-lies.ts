/**
 * What a test onion service and the relays between it and its clients can be made to do wrong.
 *
 * @module
 */
import type { OnionSigner } from './service-keys.ts'

/** What may be otherwise than it should in a descriptor. The functions may also write down what comes by. */
export interface DescriptorLies {
  /** Its revision; 1 by default. */
  readonly revision?: bigint | undefined
  /** When its certificates end, in ms since the epoch; 54 hours from now by default. */
  readonly expires?: number | undefined
  /** Who certifies its key, in place of the service. */
  readonly signedBy?: OnionSigner | undefined
  /** Changes the second layer's text. */
  readonly inner?: ((text: string) => string) | undefined
  /** Changes the first layer's text. */
  readonly middle?: ((text: string) => string) | undefined
  /** Changes the text that is signed. */
  readonly signed?: ((text: string) => string) | undefined
  /** Changes the whole text, after it was signed. */
  readonly outer?: ((text: string) => string) | undefined
}

/**
 * What the relays that keep descriptors answer in place of the service's:
 *
 * - a number: this status, and no body
 * - `hang`: nothing, ever
 * - `inflated`: the descriptor, a byte to a cell
 * - `endless`: the descriptor, then lines without end
 * - `compressed`: the descriptor, which nobody asked to have compressed
 */
export type DescriptorAnswer = number | 'hang' | 'inflated' | 'endless' | 'compressed'

/**
 * What introduction points do about a client:
 *
 * - a number: they say so, and pass it on if it is 0
 * - `drop-but-ack`: they say that they have passed it on, and do not
 * - `ignore`: they say nothing
 * - `twice`: they pass it on, and say so twice
 * - `garbage`: they say half of a status
 * - `out-of-turn`: they send what a rendezvous point sends
 * - `destroy`: they close the circuit
 * - bytes: they pass it on, and say that
 */
export type IntroduceAnswer =
  Uint8Array | number | 'drop-but-ack' | 'ignore' | 'twice' | 'garbage' | 'out-of-turn' | 'destroy'

/**
 * What rendezvous points do about the service's message:
 *
 * - `honest`: they pass it on
 * - `none`: nothing
 * - `wrong`: one bit of it is another
 * - `short`: its last byte is missing
 * - `long`: random bytes follow it, as real ones have them
 * - `twice`: they send it twice
 * - `early`: random bytes, before anybody was told where the client waits
 * - `replayed`: that of an earlier rendezvous, if there was one
 * - `other-hop`: it comes from the first relay of the circuit
 * - `destroy`: they close the circuit
 * - a function: they pass on what it makes of it
 */
export type RendezvousAnswer =
  | ((message: Uint8Array<ArrayBuffer>) => Uint8Array)
  | 'honest'
  | 'none'
  | 'wrong'
  | 'short'
  | 'long'
  | 'twice'
  | 'early'
  | 'replayed'
  | 'other-hop'
  | 'destroy'

/** What the relay that a client meets a service at does with its cookie: an honest answer, none, or a circuit closed. */
export type EstablishAnswer = 'honest' | 'ignore' | 'destroy'
