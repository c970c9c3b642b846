/**
 * The name that a link to a relay shows in its ClientHello.
 *
 * @module
 */

/**
 * A name for TLS to show that says nothing: `www.`, 4 to 25 letters and digits of base32, `.com`, as the tor client
 * does.
 */
export function randomServerName(): string {
  const random = crypto.getRandomValues(new Uint8Array(26))
  const length = 4 + ((random[25] as number) % 22)
  const letters = Array.from(random.subarray(0, length), (byte) => 'abcdefghijklmnopqrstuvwxyz234567'[byte & 31])
  return `www.${letters.join('')}.com`
}
