/**
 * How many circuits a client of C tor has, by its own code, a second at a time: predict_ports.c, and of circuituse.c
 * circuit_predict_and_launch_new, circuit_stream_is_being_handled, circuit_expire_old_circuits_clientside and
 * circuit_get_open_circ_or_launch; without services, conflux, and measurements of build times by a client that is not in
 * use. Names are C tor's.
 *
 * @module
 */
import type { Random } from '../../../../../lib/base/random.ts'
import type { SimulatedExit } from './simulated-pool.ts'

const MIN_CIRCUITS_HANDLING_STREAM = 2
const MAX_UNUSED_OPEN_CIRCUITS = 14
const SUFFICIENT_INTERNAL_HS_CLIENTS = 3
const MaxCircuitDirtiness = 600
const LongLivedPorts = [21, 22, 706, 1863, 5050, 5190, 5222, 5223, 6523, 6667, 6697, 8300]
const CONNTIMEOUT_CLIENTS = 1800

interface CTorCircuit {
  readonly exit: SimulatedExit
  readonly isInternal: boolean
  readonly needUptime: boolean
  readonly timestampBegan: number
  readonly idleTimeout: number
  timestampDirty: number | undefined
  isolation: unknown
  isIsolationSet: boolean
  streams: number
}

export class CTor {
  readonly circuits = new Set<CTorCircuit>()
  launched = 0
  readonly #exits: readonly SimulatedExit[]
  readonly #random: Random
  readonly #learnsUntil: number
  readonly #ports = new Map<number, number>()
  #predictedInternalTime = -Infinity
  #predictionTimeout = 0
  #lastPrediction = 0
  #lastCircuit = 0
  #lastUse = 0
  #timeToExpire: number

  constructor(exits: readonly SimulatedExit[], random: Random, learnsUntil: number, now: number) {
    this.#exits = exits
    this.#random = random
    this.#learnsUntil = learnsUntil
    this.#lastUse = now
    this.#timeToExpire = now + 31
    this.#noteUsedPort(443, now)
    this.#predictedInternalTime = now
  }

  /** How many are for onion services. */
  get internal(): number {
    return [...this.circuits].filter(({ isInternal }) => isInternal).length
  }

  /** Once a second. */
  tick(now: number): void {
    if (now >= this.#timeToExpire) {
      this.#timeToExpire = now + 31
      for (const circ of this.circuits) {
        const isOpen = now - circ.timestampBegan >= 0.5
        if (circ.timestampDirty !== undefined) {
          if (circ.timestampDirty + MaxCircuitDirtiness <= now && circ.streams === 0) this.circuits.delete(circ)
        } else if (isOpen && circ.timestampBegan < now - circ.idleTimeout) this.circuits.delete(circ)
      }
    }
    const num = [...this.circuits].filter(({ timestampDirty }) => timestampDirty === undefined).length
    if (num >= MAX_UNUSED_OPEN_CIRCUITS) return
    const needed = this.#predictedPorts(now).filter((port) => !this.#isHandled(port, now))
    if (needed.length > 0) {
      this.#launch(now, needed, needed.some((port) => LongLivedPorts.includes(port))) // prettier-ignore
    } else if (this.#isInternalPredicted(now) && this.internal < SUFFICIENT_INTERNAL_HS_CLIENTS) {
      this.#launch(now, [], true, true)
    } else if (num < 10 && this.#isLearning && now - this.#lastUse <= 1800 && now - this.#lastCircuit > 10) {
      this.#launch(now, [], false)
    }
  }

  /** A stream comes, and lasts so long; what is returned tells when it ends. */
  stream(port: number | undefined, isolation: unknown, isKept: boolean, now: number): (now: number) => void {
    this.#lastUse = now
    this.#noteUsedPort(port ?? 80, now)
    const needUptime = LongLivedPorts.includes(port ?? 0)
    const fits = (circ: CTorCircuit): boolean =>
      !circ.isInternal &&
      (circ.timestampDirty === undefined || circ.timestampDirty + MaxCircuitDirtiness > now) &&
      (!needUptime || circ.needUptime || circ.exit.isStable) &&
      (port === undefined || allows(circ.exit, port)) &&
      (!circ.isIsolationSet || circ.isolation === isolation)
    const acceptable = [...this.circuits].filter(fits).sort((a, b) => {
      const [openA, openB] = [a, b].map(({ timestampBegan }) => now - timestampBegan >= 0.5)
      if (openA !== openB) return openA ? -1 : 1
      if ((a.timestampDirty === undefined) !== (b.timestampDirty === undefined)) return a.timestampDirty === undefined ? 1 : -1 // prettier-ignore
      return (b.timestampDirty ?? b.timestampBegan) - (a.timestampDirty ?? a.timestampBegan)
    })
    const circ = acceptable[0] ?? this.#launch(now, port === undefined ? [] : [port], needUptime)
    circ.isIsolationSet = true
    circ.isolation = isolation
    if (circ.timestampDirty === undefined || isKept) circ.timestampDirty = Math.max(now, circ.timestampBegan + 0.5)
    circ.streams += 1
    return (end) => {
      circ.streams -= 1
      if (isKept) circ.timestampDirty = end
    }
  }

  get #isLearning(): boolean {
    return this.launched < this.#learnsUntil
  }

  #noteUsedPort(port: number, now: number): void {
    if (this.#predictedPorts(now).length === 0 && !this.#isInternalPredicted(now))
      this.#predictionTimeout = CONNTIMEOUT_CLIENTS + this.#random(CONNTIMEOUT_CLIENTS)
    this.#lastPrediction = now
    this.#ports.set(port, now)
  }

  #predictedPorts(now: number): number[] {
    for (const [port, time] of this.#ports) if (time + this.#predictionTimeout < now) this.#ports.delete(port)
    return [...this.#ports.keys()]
  }

  #isInternalPredicted(now: number): boolean {
    return this.#predictedInternalTime + this.#predictionTimeout >= now
  }

  #isHandled(port: number, now: number): boolean {
    const needUptime = LongLivedPorts.includes(port)
    const handling = [...this.circuits].filter(
      (circ) =>
        !circ.isInternal &&
        (circ.timestampDirty === undefined || circ.timestampDirty + MaxCircuitDirtiness > now) &&
        !circ.isIsolationSet &&
        (!needUptime || circ.needUptime || circ.exit.isStable) &&
        allows(circ.exit, port),
    )
    return handling.length >= MIN_CIRCUITS_HANDLING_STREAM
  }

  #launch(now: number, ports: readonly number[], needUptime: boolean, isInternal = false): CTorCircuit {
    const fitting = this.#exits.filter((exit) => ports.length === 0 || ports.some((port) => allows(exit, port)))
    const exit = fitting.find(({ isStable }) => !needUptime || isStable) ?? fitting[0] ?? this.#exits[0]
    this.launched += 1
    this.#lastCircuit = now
    const remaining = Math.floor(Math.max(0, this.#lastPrediction + this.#predictionTimeout - now))
    const idleTimeout = this.#isLearning ? 180 : remaining + 1 + this.#random(1 + Math.floor(remaining / 20))
    const circ: CTorCircuit = {
      exit: exit as SimulatedExit,
      isInternal,
      needUptime,
      timestampBegan: now,
      idleTimeout,
      timestampDirty: undefined,
      isolation: undefined,
      isIsolationSet: false,
      streams: 0,
    }
    this.circuits.add(circ)
    return circ
  }
}

const allows = ({ ports }: SimulatedExit, port: number): boolean => ports === 'all' || ports.includes(port)
