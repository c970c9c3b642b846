/** A process that tells how many addresses it may see of its machine. */
import { ownAddresses } from '../../../lib/platform/links/own-addresses.ts'

console.log(ownAddresses().length)
