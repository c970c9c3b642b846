/**
 * AES-GCM by the runtime's own synchronous cipher: node:crypto in Node. WebCrypto goes through a thread for each record, which
 * takes longer than the record itself.
 *
 * @module
 */
import { builtinModule } from '../../runtime/builtin.ts'

interface GcmModule {
  createCipheriv(
    algorithm: string,
    key: Uint8Array,
    iv: Uint8Array,
  ): {
    setAAD(bytes: Uint8Array): void
    update(bytes: Uint8Array): Uint8Array
    final(): void
    getAuthTag(): Uint8Array
  }
  createDecipheriv(
    algorithm: string,
    key: Uint8Array,
    iv: Uint8Array,
    options: { readonly authTagLength: number },
  ): {
    setAAD(bytes: Uint8Array): void
    setAuthTag(bytes: Uint8Array): void
    update(bytes: Uint8Array): Uint8Array<ArrayBuffer>
    final(): void
  }
}

/** Bytes of the tag behind what is sealed. */
const TAG_SIZE = 16

/** AES-GCM with one key. */
export interface NativeGcm {
  /** What is sealed: as long as `content`, and a tag. */
  seal(iv: Uint8Array, additionalData: Uint8Array, content: Uint8Array): Uint8Array<ArrayBuffer>
  /** Undefined when it is not what {@link seal} made. */
  open(iv: Uint8Array, additionalData: Uint8Array, sealed: Uint8Array): Uint8Array<ArrayBuffer> | undefined
}

/** With a key of 16 or 32 bytes. */
export function nativeGcm(key: Uint8Array): NativeGcm {
  const crypto = builtinModule<GcmModule>('node:crypto')
  const algorithm = `aes-${8 * key.length}-gcm`
  return {
    seal(iv, additionalData, content) {
      const cipher = crypto.createCipheriv(algorithm, key, iv)
      cipher.setAAD(additionalData)
      const sealed = new Uint8Array(content.length + TAG_SIZE)
      sealed.set(cipher.update(content))
      cipher.final()
      sealed.set(cipher.getAuthTag(), content.length)
      return sealed
    },
    open(iv, additionalData, sealed) {
      const end = sealed.length - TAG_SIZE
      if (end < 0) return undefined
      const decipher = crypto.createDecipheriv(algorithm, key, iv, { authTagLength: TAG_SIZE })
      decipher.setAAD(additionalData)
      decipher.setAuthTag(sealed.subarray(end))
      const { buffer, byteOffset, byteLength } = decipher.update(sealed.subarray(0, end))
      try {
        decipher.final() // nothing is given out before the tag is right
      } catch {
        return undefined // it says no more than that the tag is wrong
      }
      return new Uint8Array(buffer, byteOffset, byteLength)
    },
  }
}
