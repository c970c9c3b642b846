/**
 * A secret that outlives the introduction point whose it is, for as long as somebody who came by it is to be answered: to
 * replace a point turns nobody away. (C tor copies the keys into each request that waits, `enqueue_rend_request`.)
 *
 * @module
 */
import type { X25519SecretKey } from '../../../platform/crypto/curves/x25519.ts'

/** What introductions by one point are opened and answered with. */
export class HeldSecret {
  readonly key: X25519SecretKey
  #holders = 0
  #isOver = false

  /** @param key - this one's to forget from now on */
  constructor(key: X25519SecretKey) {
    this.key = key
  }

  /**
   * It stays until it is released, or is gone already.
   *
   * @returns what releases it; called again it does nothing
   */
  hold(): () => void {
    this.#holders += 1
    let isHeld = true
    return () => {
      if (!isHeld) return
      isHeld = false
      this.#holders -= 1
      this.#forgetUnused()
    }
  }

  /** Nobody comes any more: it is forgotten with the last who holds it. */
  end(): void {
    this.#isOver = true
    this.#forgetUnused()
  }

  #forgetUnused(): void {
    if (this.#isOver && this.#holders === 0) this.key.forget()
  }
}
