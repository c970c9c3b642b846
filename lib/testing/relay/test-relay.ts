/**
 * The relays of a test network: relays whose circuits are {@link TestCircuit}s.
 *
 * @module
 */
import { handleMessage } from './circuit-messages.ts'
import { RelayHost } from './relay-host.ts'
import type { RelaySetup } from './relay-host.ts'
import type { LinkCreateRequest, RelayLink } from './relay-link.ts'
import { TestCircuit } from './test-circuit.ts'

/** One relay of a test network. */
export type TestRelay = RelayHost<TestCircuit>

/** A link that it accepted. */
export type TestLink = RelayLink<TestCircuit>

/** A CREATE2 or a CREATE_FAST that waits for {@link RelayHost.answerCreate}. */
export type CreateRequest = LinkCreateRequest<TestCircuit>

/** Starts a relay. */
export const startRelay = (setup: Omit<RelaySetup<TestCircuit>, 'makeCircuit'>): TestRelay =>
  new RelayHost<TestCircuit>({
    ...setup,
    makeCircuit: (relay, link, id, hop) => new TestCircuit({ relay, link, id, ...hop, handleMessage }),
  })
