/**
 * The numbers of XON/XOFF, the flow control of a stream where congestion control runs on its circuit (proposal 324,
 * 6.5.5; C tor src/core/or/congestion_control_flow.c). What they begin with; the consensus may say otherwise.
 *
 * @module
 */

/**
 * Bytes of a cell in which `cc_xoff_client` and `cc_xoff_exit` count: the least that a full cell of any format carries.
 */
export const XOFF_CELL = 488

/** Bytes of a cell in which `cc_xon_rate` counts: the most that a cell of any format carries. */
export const XON_CELL = 498

/** When a stream is told to stop and to go on. The same for every stream of a circuit. */
export interface XonXoffParameters {
  /**
   * `cc_xoff_client`: after how many cells that wait for its consumer a client stops the other end. In cells of 488
   * bytes.
   */
  readonly xoffClient: number
  /** `cc_xoff_exit`: the same, for an exit. In cells of 488 bytes. */
  readonly xoffExit: number
  /** `cc_xon_rate`: how much is drained between two measurements of the rate. In cells of 498 bytes. */
  readonly xonRate: number
  /** `cc_xon_change_pct`: by how many percent a rate must differ from the last one that was sent to be sent itself. */
  readonly xonChangePct: number
  /** `cc_xon_ewma_cnt`: over how many measurements the rate is averaged (the N of the N-EWMA). */
  readonly xonEwmaCount: number
}

/** What holds without a consensus that says otherwise. */
export const DEFAULT_XON_XOFF: XonXoffParameters = {
  xoffClient: 500,
  xoffExit: 500,
  xonRate: 500,
  xonChangePct: 25,
  xonEwmaCount: 2,
}
